"""Tables of season."""
