"""Tables of recognition."""
