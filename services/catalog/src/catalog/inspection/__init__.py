"""Inspection reports."""
