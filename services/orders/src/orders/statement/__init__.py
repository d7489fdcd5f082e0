"""Providers' daily statements (对账单) beside our own books: what differs, and what became of it."""
