"""What others would build for the same model, to be held against."""
