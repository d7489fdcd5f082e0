"""What the feeds told of orders, lots and packs: whose they are and what they are called."""
