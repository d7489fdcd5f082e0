"""Facets: how many products each further choice would leave."""
