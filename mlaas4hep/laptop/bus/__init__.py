"""The platform's NATS: its program, its configuration, and what is done after a full disk."""
