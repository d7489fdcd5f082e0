"""What programs call with: API keys and OAuth2 clients with their access tokens."""
