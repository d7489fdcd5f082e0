"""One OpenAPI document of all services, and a page that reads it."""
