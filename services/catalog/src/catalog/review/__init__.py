"""Product review: what changed, who let it on the shelf."""
