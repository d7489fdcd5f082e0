"""Tables of fair."""
