"""Every route of the REST API, in one table."""

from mlaas4hep.http.workflow import runs as running
from mlaas4hep.http.workflow import scoring
from mlaas4hep.http.workflow import usage as holdings

ROUTES = (*running.ROUTES, *holdings.ROUTES, *scoring.ROUTES)
