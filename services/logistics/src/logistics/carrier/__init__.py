"""Carriers and the secrets with which they sign what they push."""
