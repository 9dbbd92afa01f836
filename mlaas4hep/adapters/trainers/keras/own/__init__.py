"""What model.py wrote itself: methods, losses, and what they remember."""
