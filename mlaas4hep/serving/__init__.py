"""What answers a prediction: loaded models, batches, questions."""
