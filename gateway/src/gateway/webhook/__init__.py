"""Webhooks: addresses of organisations that are told of events, and every delivery to them."""
