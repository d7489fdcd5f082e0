"""Tables of profit share."""
