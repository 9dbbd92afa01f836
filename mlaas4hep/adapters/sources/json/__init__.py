"""The format JSON: one object an entry, one after the other or in an array."""
