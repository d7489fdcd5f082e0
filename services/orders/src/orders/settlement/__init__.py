"""Settlement on account."""
