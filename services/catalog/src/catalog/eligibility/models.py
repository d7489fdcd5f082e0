"""Tables of eligibility."""
