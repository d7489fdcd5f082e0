"""Directories (目录) of recognised products in numbered issues."""
