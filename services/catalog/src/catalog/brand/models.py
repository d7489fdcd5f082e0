"""Tables of brand."""
