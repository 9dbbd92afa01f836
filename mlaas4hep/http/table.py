"""The registry: every route of every function that people reach."""

from collections.abc import Mapping

from mlaas4hep.http.predict import routes as predict
from mlaas4hep.http.route import Route
from mlaas4hep.http.workflow import routes as workflow

FUNCTIONS: Mapping[str, tuple[Route, ...]] = {
    "workflow": workflow.ROUTES,
    "predict": predict.ROUTES,
}
