"""Expressions over branches: parsed to a syntax tree with an allow-list, computed by NumPy."""
