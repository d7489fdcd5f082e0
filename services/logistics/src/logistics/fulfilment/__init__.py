"""A supplier's list of what is to be sent."""
