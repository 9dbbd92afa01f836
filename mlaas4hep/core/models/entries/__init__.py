"""Entries as people write them, by entry or by branch: what they must hold, to columns."""
