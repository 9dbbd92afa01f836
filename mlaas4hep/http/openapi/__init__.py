"""openapi.yaml, made from the routes."""
