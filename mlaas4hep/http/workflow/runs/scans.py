"""Scans over HTTP: asked for, and looked at."""

import flask

from mlaas4hep.core.requests.scan import MOST_PARALLEL, MOST_TRIALS, PARAMS, parse_scan
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.scans import ScanReport
from mlaas4hep.http.route import Body, Route
from mlaas4hep.http.schemas import JSON, NAME, Schema, ref
from mlaas4hep.http.workflow.call import Call, answer
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.runs.runs import SEEN, find_run, full_report
from mlaas4hep.http.workflow.runs.submissions import ERRORS, in_turn, prepared
from mlaas4hep.http.workflow.runs.turns import KEY
from mlaas4hep.usecases import scans
from mlaas4hep.usecases.submit import at_submit


def create_scan(context: Context, call: Call) -> flask.Response:
    """Make a scan of a submission; the answer is the run that goes through its trials."""
    with at_submit():
        scan = parse_scan(call.json().get("scan"))
    checked = prepared(context, call, beside=("scan",))
    run = in_turn(
        context, call, lambda: scans.submit_scan(checked, scan, context.services, context.limits)
    )
    return answer(full_report(run, context), 201)


def show_scan(context: Context, call: Call) -> flask.Response:
    """Return the trials of a scan, the best first."""
    return answer(scans.look(find_run(context, call), context.services))


_VALUES: Schema = {
    "anyOf": [
        {"type": "array", "minItems": 1, "items": {"type": ["boolean", "number", "string"]}},
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["low", "high"],
            "properties": {
                "low": {"type": "number"},
                "high": {"type": "number"},
                "log": {"type": "boolean", "default": False},
            },
        },
    ]
}
_SCAN: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "method": {"enum": ["grid", "random", "optuna"], "default": "grid"},
        "params": {
            "type": "object",
            "description": "What to try for keys of params.json.",
            "additionalProperties": False,
            "properties": dict.fromkeys(PARAMS, _VALUES),
        },
        "arguments": {
            "type": "object",
            "description": "What to try for arguments of `model(idim, …)`.",
            "additionalProperties": _VALUES,
        },
        "trials": {"type": "integer", "minimum": 1, "maximum": MOST_TRIALS},
        "parallel": {"type": "integer", "minimum": 1, "maximum": MOST_PARALLEL, "default": 1},
        "figure": {"type": "string", "minLength": 1, "default": "val_loss"},
        "direction": {"enum": ["min", "max"]},
        "promote": {**NAME, "description": "Name under which the best model is served."},
        "prune": {"type": "boolean", "default": False},
        "seed": {"type": "integer", "minimum": 0, "default": 21},
    },
}
_BODY: Schema = {
    "description": "A submission, and what to try.",
    "type": "object",
    "required": ["name", "scan"],
    "properties": {"name": NAME, "scan": ref("Scan")},
    "additionalProperties": True,
}
ROUTES = (
    Route(
        name="create_scan",
        method="POST",
        path="/scans",
        handler=create_scan,
        tag="runs",
        args=(KEY,),
        body=Body(
            forms={JSON: ref("ScanSubmission")}, schemas={"ScanSubmission": _BODY, "Scan": _SCAN}
        ),
        gives=Report,
        status=201,
        errors=ERRORS,
    ),
    Route(
        name="show_scan",
        method="GET",
        path="/scans/{name}",
        handler=show_scan,
        tag="runs",
        args=SEEN,
        gives=ScanReport,
        errors=(403, 404),
    ),
)
