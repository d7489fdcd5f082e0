"""Popularity: how much of a product was sold lately, for the order of lists."""
