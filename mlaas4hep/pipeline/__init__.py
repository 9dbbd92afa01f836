"""What an event wakes: steps read, compute, store and return the news."""
