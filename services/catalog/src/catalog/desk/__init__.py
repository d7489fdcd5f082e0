"""Desks: what waits for the offices of a county and for the platform."""
