"""Pure numbers and decisions: no I/O, no clock, no environment, no TensorFlow."""
