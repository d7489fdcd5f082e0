"""Regions of China by division code, the history of their codes, and which counties are designated."""
