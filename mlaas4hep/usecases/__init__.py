"""What a person asks for: submit, try, upload, restart, share, delete."""
