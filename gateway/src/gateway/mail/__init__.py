"""Mails: messages that also go out as e-mail."""
