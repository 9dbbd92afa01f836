"""One module per step: read, compute, store, and return the news."""
