"""The training of a run: what it works on, the chunks on their way into it, what comes out."""
