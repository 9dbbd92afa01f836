"""What a submission would do, found out without doing it."""
