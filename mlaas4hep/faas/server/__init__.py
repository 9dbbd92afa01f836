"""What an app of a function listens with: one process or several, behind uvicorn."""
