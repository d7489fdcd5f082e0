"""Product recognition (产品认定): from the township's first look to recommendation."""
