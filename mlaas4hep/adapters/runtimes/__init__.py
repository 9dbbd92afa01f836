"""What computes predictions; a module or folder a runtime."""
