"""How fast it is: every figure beside a physical yardstick measured in the same run."""
