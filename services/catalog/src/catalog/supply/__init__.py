"""The supply register: what each village or enterprise grows, when, how much."""
