"""Parcels: one waybill each."""
