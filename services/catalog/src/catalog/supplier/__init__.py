"""The supplier slice."""
