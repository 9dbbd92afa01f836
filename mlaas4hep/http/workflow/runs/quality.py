"""What a page draws of a run, as JSON: history by round, quality, histograms, cut flow."""

from collections.abc import Callable
from typing import Any

import flask

from mlaas4hep.core.data.specs.cutcounts import added
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run
from mlaas4hep.core.runs.views import FeatureList
from mlaas4hep.errors import NotFoundError
from mlaas4hep.http.route import Route
from mlaas4hep.http.schemas import OBJECT, Schema
from mlaas4hep.http.workflow.call import Call, answer, raw_json
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.runs.runs import SEEN, find_run, full_report
from mlaas4hep.ports import Services
from mlaas4hep.usecases import models, rundata


def show_history(context: Context, call: Call) -> flask.Response:
    """Return the figures of each round so far, while it trains too."""
    return raw_json(stored_history(find_run(context, call), context.services))


def stored_history(run: Run, services: Services) -> bytes:
    """Return the figures of each round of a run so far, as JSON."""
    try:
        return services.runs_files.get(files.key(run.owner, run.name, files.HISTORY))
    except NotFoundError:  # no round has ended
        return b"[]"


def show_quality(context: Context, call: Call) -> flask.Response:
    """Return ROC points, scores in bins by class, and the confusion matrix, for each set."""
    return _stored(context, call, files.QUALITY, '"metrics": true')


def show_histograms(context: Context, call: Call) -> flask.Response:
    """Return the values of each branch in bins, before and after normalisation."""
    return _stored(context, call, files.HISTOGRAMS, '"hist": "pdfs"')


def show_correlations(context: Context, call: Call) -> flask.Response:
    """Return how much branches with one value an entry go together, pair by pair."""
    return _stored(context, call, files.CORRELATIONS, '"hist": "pdfs"')


def show_checks(context: Context, call: Call) -> flask.Response:
    """Return whether the model learned by heart, and how much each branch counts."""
    return _stored(context, call, files.CHECKS, '"metrics": true')


def show_cutflow(context: Context, call: Call) -> flask.Response:
    """Return how many entries each file has, and what each cut leaves of them."""
    found = full_report(find_run(context, call), context).files
    return answer(
        {
            "files": found,
            "entries": sum(one.entries for one in found),
            "passed": sum(one.passed for one in found),
            "cuts": added(count for one in found for count in one.cuts),
        }
    )


def show_features(context: Context, call: Call) -> flask.Response:
    """Return what the network learns from, and the branches that it does not see, with reasons."""
    return answer(rundata.features(find_run(context, call), context.services))


def show_sample(context: Context, call: Call) -> flask.Response:
    """Return one entry of the run's files, as its model takes it."""
    run = find_run(context, call)
    record = models.of_run(run, context.services)
    return answer({"model": run.name, "entry": rundata.sample(run, record, context.services)})


def _stored(context: Context, call: Call, name: str, wanted: str) -> flask.Response:
    run = find_run(context, call)
    try:
        stored = context.services.runs_files.get(files.key(run.owner, run.name, name))
    except NotFoundError as error:
        raise NotFoundError(
            f"run {run.name!r} has no {name.rpartition('/')[2]}",
            hint=f"it is written at the end of a training with {wanted} in params.json",
        ) from error
    return raw_json(stored)


_NUMBERS: Schema = {"type": "array", "items": {"type": "number"}}
_COUNTS: Schema = {
    "type": "array",
    "items": {"type": "number"},
}  # sums of weights, if there are any
_MAYBE: Schema = {"type": ["number", "null"]}
_HISTORY: Schema = {
    "type": "array",
    "items": {"type": "object", "additionalProperties": {"type": ["number", "null"]}},
}
_SET: Schema = {
    "type": "object",
    "required": ["entries"],
    "properties": {
        "entries": {"type": "integer"},
        "sum_of_weights": _MAYBE,
        "auc": _MAYBE,
        "auc_error": _MAYBE,
        "rmse": {"type": ["number", "null"]},
        "roc": {
            "type": "object",
            "properties": {"false_positives": _NUMBERS, "true_positives": _NUMBERS},
        },
        "rocs": {
            "type": "array",
            "description": "Of more than two classes: each against all others, by its own score.",
            "items": {
                "type": "object",
                "properties": {
                    "class": {"type": "string"},
                    "auc": {"type": "number"},
                    "auc_error": _MAYBE,
                    "false_positives": _NUMBERS,
                    "true_positives": _NUMBERS,
                },
            },
        },
        "residuals": {
            "type": "object",
            "description": "Of a regression: predicted less true, in bins.",
            "properties": {"edges": _NUMBERS, "counts": _COUNTS, "mean": _MAYBE, "spread": _MAYBE},
        },
        "profile": {
            "type": "object",
            "description": "Of a regression: mean and spread of the residuals by true value.",
            "properties": {
                "edges": _NUMBERS,
                "bias": {"type": "array", "items": _MAYBE},
                "spread": {"type": "array", "items": _MAYBE},
            },
        },
        "classes": {"type": "array", "items": {"type": "string"}},
        "confusion": {"type": "array", "items": _COUNTS},
        "scores": {
            "type": "object",
            "properties": {"edges": _NUMBERS, "counts": {"type": "array", "items": _COUNTS}},
        },
    },
}
_QUALITY: Schema = {
    "type": "object",
    "description": "By set: test (held out), val, train.",
    "additionalProperties": _SET,
}
_HISTOGRAMS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["branch", "counts", "edges", "normalised_edges"],
        "properties": {
            "branch": {"type": "string"},
            "counts": _COUNTS,
            "by_class": {"type": "object", "additionalProperties": _COUNTS},
            "edges": _NUMBERS,
            "normalised_edges": _NUMBERS,
        },
    },
}
_CORRELATIONS: Schema = {
    "type": "object",
    "required": ["branches", "matrix"],
    "properties": {
        "branches": {"type": "array", "items": {"type": "string"}},
        "matrix": {
            "type": "array",
            "description": "Rows and columns as `branches`; null where a value never changes.",
            "items": {"type": "array", "items": _MAYBE},
        },
    },
}
_CHECKS: Schema = {
    "type": "object",
    "required": ["schema_version", "overtraining", "importance"],
    "properties": {
        "schema_version": {"type": "integer"},
        "overtraining": {
            "type": ["object", "null"],
            "description": "Scores of the last class in training and held-out part, by true class;"
            " null unless classes are told apart.",
            "properties": {
                "held_out": {"type": "string", "enum": ["test", "val"]},
                "edges": _NUMBERS,
                "classes": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "class": {"type": "string"},
                            "train_entries": {"type": "integer"},
                            "held_out_entries": {"type": "integer"},
                            "train": _COUNTS,
                            "held_out": _COUNTS,
                            "ks": _MAYBE,
                            "p_value": _MAYBE,
                        },
                    },
                },
            },
        },
        "importance": {
            "type": ["object", "null"],
            "description": "Fall of the AUC (rise of the RMSE) on held-out entries when a branch is"
            " shuffled, the largest first; null with too few entries.",
            "properties": {
                "held_out": {"type": "string", "enum": ["test", "val"]},
                "entries": {"type": "integer"},
                "repeats": {"type": "integer"},
                "whole": {"type": "number"},
                "branches": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "branch": {"type": "string"},
                            "drop": {"type": "number"},
                            "error": {"type": "number"},
                        },
                    },
                },
            },
        },
    },
}
_COUNT: Schema = {"type": "integer"}
_CUTS: Schema = {
    "type": "array",
    "description": "What each cut leaves, in the order of preproc.json; empty where it is not known.",
    "items": {
        "type": "object",
        "properties": {"cut": {"type": "string"}, "passed": _COUNT},
    },
}
_CUTFLOW: Schema = {
    "type": "object",
    "required": ["files", "entries", "passed", "cuts"],
    "properties": {
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "file": {"type": "string"},
                    "entries": _COUNT,
                    "passed": _COUNT,
                    "cuts": _CUTS,
                },
            },
        },
        "cuts": _CUTS,
        "entries": _COUNT,
        "passed": _COUNT,
    },
}


_SAMPLE: Schema = {
    "type": "object",
    "required": ["model", "entry"],
    "properties": {"model": {"type": "string"}, "entry": OBJECT},
}


def _of_run(
    what: str,
    handler: Callable[[Context, Call], flask.Response],
    gives: Any,
    errors: tuple[int, ...] = (403, 404),
) -> Route:
    return Route(
        name=f"show_{what}",
        method="GET",
        path=f"/runs/{{name}}/{what}",
        handler=handler,
        tag="runs",
        actions=(what,),
        args=SEEN,
        gives=gives,
        errors=errors,
    )


ROUTES = (
    _of_run("history", show_history, _HISTORY),
    _of_run("quality", show_quality, _QUALITY),
    _of_run("checks", show_checks, _CHECKS),
    _of_run("histograms", show_histograms, _HISTOGRAMS),
    _of_run("correlations", show_correlations, _CORRELATIONS),
    _of_run("cutflow", show_cutflow, _CUTFLOW),
    _of_run("features", show_features, FeatureList, (403, 404, 409, 422)),
    _of_run("sample", show_sample, _SAMPLE, (403, 404, 409, 422)),
)
