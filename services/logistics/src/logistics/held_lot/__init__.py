"""Held lots: what the catalog says must not be sent."""
