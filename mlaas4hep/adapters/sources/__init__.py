"""Input data: where bytes are (places) and what they mean (a folder a format)."""
