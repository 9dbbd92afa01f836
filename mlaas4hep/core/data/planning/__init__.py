"""Which entries are measured together, train together, validate: arithmetic only."""
