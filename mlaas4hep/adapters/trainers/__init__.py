"""What runs somebody's model.py where it can do no harm; a folder a framework."""
