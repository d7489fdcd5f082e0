"""Joint purchases (区域联采): units buy one product together, and the total decides the price of each."""
