"""Tables of directory."""
