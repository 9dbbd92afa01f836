"""What images are made of: locks with hashes, bills of materials, known holes."""
