"""Tables of synonym."""
