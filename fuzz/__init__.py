"""Hostile input, made from good input by chance and by a seed, for everything that reads strangers' bytes."""
