"""Village workshops (扶贫车间) where people work near home."""
