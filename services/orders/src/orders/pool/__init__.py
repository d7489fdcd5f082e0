"""What joint purchases and absorptions share: units take shares of a pool, and each becomes the unit's own purchase."""
