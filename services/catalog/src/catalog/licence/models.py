"""Tables of licence."""
