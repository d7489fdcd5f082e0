"""Bank statements of those who are paid on account."""
