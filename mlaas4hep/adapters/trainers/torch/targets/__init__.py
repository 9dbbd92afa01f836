"""What a module learns: losses, what they compare, and the ends of what outputs give."""
