"""Exit permits (产地准出): what a product must carry before it leaves its origin, so before it is listed."""
