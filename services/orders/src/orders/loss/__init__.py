"""Loss: pieces that left and do not arrive."""
