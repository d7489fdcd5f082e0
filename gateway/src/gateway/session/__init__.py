"""Signed-in browsers: opaque tokens, sliding expiry, and ending them."""
