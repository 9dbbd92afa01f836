"""Models in processes of their own, which can reach nothing and are ended when they overrun."""
