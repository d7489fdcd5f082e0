"""Objections against credit events and placements, and the repair of placements."""
