"""What a person asks for: submit, rehearse, upload, restart, share, delete."""
