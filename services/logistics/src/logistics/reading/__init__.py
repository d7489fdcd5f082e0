"""Readings of temperature devices."""
