"""Eligibility of origin (产地资格): layered, versioned rules by city and year; each decision with rule and reason."""
