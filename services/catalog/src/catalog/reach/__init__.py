"""Reach: which orders, buyers and counties a lot went to, from what orders and logistics tell."""
