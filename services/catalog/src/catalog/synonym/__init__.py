"""Words that mean the same in search."""
