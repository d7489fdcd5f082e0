"""Licences of suppliers, with their ends."""
