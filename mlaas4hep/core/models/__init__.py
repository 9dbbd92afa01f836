"""What a model is: its record, contract and transform, how it was trained and how it scores."""
