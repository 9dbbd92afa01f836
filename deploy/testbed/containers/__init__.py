"""The testbed's own Docker: its daemon, the registry of its images, and what it leaves behind."""
