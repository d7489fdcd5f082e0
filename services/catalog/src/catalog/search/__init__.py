"""The search slice."""
