"""The sku slice."""
