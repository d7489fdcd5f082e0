"""The keys that sign internal tokens, their rotation, and the JWKS that services check them with."""
