"""Licences: what a supplier must hold to sell, until when, and an agent's mandate from the supplier it sells for."""
