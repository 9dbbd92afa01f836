"""What is measured in the files: specs, the sketch of each branch, what is odd about the values."""
