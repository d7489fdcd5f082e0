"""The marketplace on one machine: PostgreSQL, the five apps and the payment sandbox as separate processes."""
