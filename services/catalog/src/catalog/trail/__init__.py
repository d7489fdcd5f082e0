"""The trail: who did what to what, when and why. Written with the deed itself, never changed."""
