"""The format CSV: a line of names, then one entry a line."""
