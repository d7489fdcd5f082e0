"""Eligibility of origin: layered, versioned rules and the decisions made by them."""
