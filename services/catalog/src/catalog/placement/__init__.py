"""Bringing workers and jobs together: candidates with reasons, pushes to the village office, placements."""
