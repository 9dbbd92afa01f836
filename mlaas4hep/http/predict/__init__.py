"""Routes of function predict; a module a dialect."""
