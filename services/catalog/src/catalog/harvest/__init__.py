"""The harvest: what is in season where and how much of it is unsold, read across supply, surveys and demand."""
