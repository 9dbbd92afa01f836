"""Routes of function workflow; a module a noun."""
