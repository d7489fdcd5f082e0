"""Tables of demonstration."""
