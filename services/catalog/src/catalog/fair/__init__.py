"""Sales fairs and their calendar."""
