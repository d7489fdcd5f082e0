"""Certificates of products: what proves their quality, and until when."""
