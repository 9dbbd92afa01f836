"""Every route of function workflow."""

from mlaas4hep.http.route import Route, body_calls
from mlaas4hep.http.workflow import (
    ancestor,
    comparing,
    models,
    runs,
    scoring,
    submissions,
    tarballs,
    usage,
    watching,
)

ROUTES: tuple[Route, ...] = (
    *ancestor.ROUTES,
    *runs.ROUTES,
    *submissions.ROUTES,
    *watching.ROUTES,
    *comparing.ROUTES,
    *scoring.ROUTES,
    *tarballs.ROUTES,
    *models.ROUTES,
    *usage.ROUTES,
)
BODY_CALLS = body_calls(ROUTES)
