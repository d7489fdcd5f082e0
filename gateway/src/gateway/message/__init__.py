"""Messages: what people and organisations are told, and by which way."""
