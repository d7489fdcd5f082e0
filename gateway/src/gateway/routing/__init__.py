"""The way from `/api/<service>/…` to a service."""
