"""Enforcement cases."""
