"""Admission: a supplier's way from its first word to the shelf, and off it."""
