"""Sending many shipments by one spreadsheet."""
