"""What buyers say of a product, as orders tells it: for the order of lists."""
