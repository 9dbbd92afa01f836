"""Keras models: built, fitted, saved and restored."""
