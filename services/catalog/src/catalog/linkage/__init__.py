"""Household linkage (联农带农): in which way a supplier lets households earn, how many, and what it paid them."""
