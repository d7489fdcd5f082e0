"""Excursions: out of range, or silent for too long."""
