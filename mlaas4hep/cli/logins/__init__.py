"""Deployments that somebody signed in to: their names, tokens, and how these are renewed."""
