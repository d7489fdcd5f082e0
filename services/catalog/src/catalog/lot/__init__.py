"""Lots: what was harvested together, held and released together, and where it went."""
