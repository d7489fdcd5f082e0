"""Tables of admission."""
