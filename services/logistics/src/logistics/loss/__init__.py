"""Loss: parcels that were sent and will not arrive."""
