"""Tables of lot."""
