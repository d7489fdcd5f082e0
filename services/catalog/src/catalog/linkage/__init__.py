"""Household linkage (联农带农): how a supplier's business helps households."""
