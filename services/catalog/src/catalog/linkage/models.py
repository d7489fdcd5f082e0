"""Tables of linkage."""
