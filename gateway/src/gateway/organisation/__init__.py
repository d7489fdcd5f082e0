"""Organisations, what they are, and who may act for them in which role and region."""
