"""Tables of supply."""
