"""Facts about origin that officials record with their source: of a product, its supplier or its village."""
