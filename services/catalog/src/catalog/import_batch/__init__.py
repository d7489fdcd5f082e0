"""Imports of spreadsheets: checked row by row, applied once."""
