"""What a client gets for its secret: access tokens by OAuth2 client credentials (RFC 6749, 4.4)."""
