"""Payments and refunds: asking for money through a provider, believing only what the provider signed."""
