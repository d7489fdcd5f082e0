"""Demand that is known for a county's product: contracts, canteens' plans, deals of fairs, pledges."""
