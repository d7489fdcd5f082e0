"""Tables of import batch."""
