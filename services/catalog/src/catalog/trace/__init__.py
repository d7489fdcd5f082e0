"""The trace of a lot, for whoever scans its code."""
