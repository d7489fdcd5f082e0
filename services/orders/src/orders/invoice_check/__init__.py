"""Invoice check (验票)."""
