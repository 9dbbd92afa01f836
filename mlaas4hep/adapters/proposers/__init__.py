"""What proposes the trials of a scan."""
