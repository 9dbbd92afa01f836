"""The confined process that trains; it knows no framework."""
