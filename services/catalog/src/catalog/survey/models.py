"""Tables of survey."""
