"""Every route of function workflow."""

from mlaas4hep.http.route import Route, body_calls
from mlaas4hep.http.workflow import (
    administration,
    ancestor,
    api,
    audit,
    models,
    page,
    scoring,
    tarballs,
    usage,
    versions,
)
from mlaas4hep.http.workflow.runs import (
    chunks,
    comparing,
    curves,
    quality,
    runs,
    scans,
    submissions,
    watching,
)

ROUTES: tuple[Route, ...] = (
    *ancestor.ROUTES,
    *runs.ROUTES,
    *submissions.ROUTES,
    *watching.ROUTES,
    *quality.ROUTES,
    *curves.ROUTES,
    *chunks.ROUTES,
    *comparing.ROUTES,
    *scans.ROUTES,
    *scoring.ROUTES,
    *tarballs.ROUTES,
    *models.ROUTES,
    *versions.ROUTES,
    *usage.ROUTES,
    *audit.ROUTES,
    *administration.ROUTES,
    *api.ROUTES,
    *page.ROUTES,
)
BODY_CALLS = body_calls(ROUTES)
