"""The share of a unit's yearly food budget that is reserved for assisted counties (预留份额), and its progress."""
