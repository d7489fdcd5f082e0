"""Credit events, lists and their effects, objection and repair."""
