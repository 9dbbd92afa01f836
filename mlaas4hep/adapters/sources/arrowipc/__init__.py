"""The format Arrow IPC (Feather)."""
