"""The chunks of a run: entries read ahead and prepared, dealt out, filled in and stored."""
