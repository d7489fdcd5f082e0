"""Classes of goods by the temperature they need."""
