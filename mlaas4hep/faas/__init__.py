"""How a function speaks HTTP: events in, answers out; what every handler of `functions/` is made of."""
