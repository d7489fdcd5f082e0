"""Demonstration counties and enterprises."""
