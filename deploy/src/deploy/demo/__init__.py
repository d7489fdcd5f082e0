"""The demo market: real specialities of real assisted counties, invented suppliers, a year of orders, and its story."""
