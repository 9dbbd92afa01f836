"""What becomes of the values of a branch on their way to the network."""
