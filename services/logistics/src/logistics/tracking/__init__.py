"""Tracking: the log of what carriers say, and the state that follows from it."""
