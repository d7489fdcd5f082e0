"""Tables of tourism."""
