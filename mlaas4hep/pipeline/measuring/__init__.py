"""Ranges of files are measured, and what was measured is found again."""
