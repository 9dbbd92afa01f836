"""Object stores; a module a technology."""
