"""TTrees by our own reading, without streamers; uproot reads what is not known here."""
