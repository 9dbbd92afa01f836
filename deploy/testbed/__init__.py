"""A whole platform on one Debian machine, for tests: `make platform-up`, `make platform-down`.

Every part is the real program, started as a plain process in one folder; docs/operators.md says
which parts a production site runs differently.
"""
