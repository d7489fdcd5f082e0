"""Tables of certificate."""
