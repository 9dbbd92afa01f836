"""SavedModels, in a confined child process."""
