"""Notices: what a supplier or an office should know, told once. Messages by e-mail and webhook build on the event."""
