"""Tables of labour."""
