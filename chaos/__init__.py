"""A laptop platform that is broken at random while people use it; `make chaos`."""
