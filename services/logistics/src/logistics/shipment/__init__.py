"""Shipments: one supplier's part of a paid order."""
