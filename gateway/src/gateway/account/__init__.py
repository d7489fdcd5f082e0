"""People: how they sign up, who they are, and how their passwords change."""
