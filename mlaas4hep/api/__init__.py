"""HTTP to steps and back: the doors of the functions that people reach."""
