"""Households as numbers: how many are linked, each once; exactly for insiders, without small counts for everybody."""
