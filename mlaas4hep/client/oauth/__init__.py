"""Signing in at a deployment's identity provider from a terminal: device code, and refresh."""
