"""Requests for quotation (询价): invited suppliers bid under seal until the deadline."""
