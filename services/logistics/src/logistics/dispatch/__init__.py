"""Dispatch: goods leave the supplier in parcels."""
