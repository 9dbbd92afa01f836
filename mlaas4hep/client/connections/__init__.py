"""HTTP to a deployment: the moves of a call, who makes them, with which token, and how often."""
