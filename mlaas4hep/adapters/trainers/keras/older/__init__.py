"""Models written for Keras 1 and 2, and the names that they know."""
