"""Regional brands and who may use them."""
