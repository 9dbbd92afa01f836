"""The server-less commands: each step of a run, in this process."""
