"""The tourism register: spots, open seasons, short routes."""
