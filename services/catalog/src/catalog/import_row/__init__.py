"""The rows of an imported file on their way into the tables."""
