"""What a pack costs: by quantity, by buyer group, each price for a while."""
