"""Everything late of institutions' orders."""
