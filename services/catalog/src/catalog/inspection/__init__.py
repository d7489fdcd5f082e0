"""Inspection reports: what a laboratory found in a product, and what it opens, such as a school's canteen."""
