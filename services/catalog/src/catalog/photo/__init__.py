"""The photo slice."""
