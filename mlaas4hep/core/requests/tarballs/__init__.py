"""What people upload: the archive, the names of its members, and the code among them."""
