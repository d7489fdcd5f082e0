"""The product slice."""
