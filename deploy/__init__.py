"""What runs MLaaS4HEP elsewhere: manifests and settings of its parts, and the programs that make them."""
