"""Season windows by region, and presale windows."""
