"""Lots: what was harvested on one day in one place, under a trace code; held, released, closed, recalled."""
