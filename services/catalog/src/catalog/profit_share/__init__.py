"""Profit sharing: what a settled order gives to the households behind it."""
