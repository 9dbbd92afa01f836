"""Every route of the REST API, in one table."""

from mlaas4hep.api import holdings, running, scoring

ROUTES = (*running.ROUTES, *holdings.ROUTES, *scoring.ROUTES)
