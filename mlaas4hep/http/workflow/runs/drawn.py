"""The forms of what a page draws of a run, as schemas."""

from collections.abc import Mapping

from mlaas4hep.http.schemas import OBJECT, Schema


def _rows(properties: Mapping[str, Schema], about: str = "") -> Schema:
    """Return the form of a list of objects."""
    described = {"description": about} if about else {}
    return {"type": "array", **described, "items": {"type": "object", "properties": properties}}


_NUMBERS: Schema = {"type": "array", "items": {"type": "number"}}
_COUNTS = _NUMBERS  #: sums of weights, if there are any
_VARIANCES: Schema = {
    "type": "array",
    "description": "Sums of squares of weights; absent where entries are counted.",
    "items": {"type": "number"},
}
_MAYBE: Schema = {"type": ["number", "null"]}
_MAYBES: Schema = {"type": "array", "items": _MAYBE}
_CALIBRATION: Schema = {
    "type": ["object", "null"],
    "description": "Share of signal by mean score, by bins of the score, with the ends of its 68.3 % interval"
    " (Wilson's, of as many entries as the weights are worth).",
    "properties": {"score": _NUMBERS, "share": _NUMBERS, "low": _NUMBERS, "high": _NUMBERS},
}
_CURVE: Mapping[str, Schema] = {
    "false_positives": _NUMBERS,
    "true_positives": _NUMBERS,
    "thresholds": {
        "type": "array",
        "description": "What has at least this score is counted; null above all scores.",
        "items": _MAYBE,
    },
}
HISTORY: Schema = {
    "type": "array",
    "items": {"type": "object", "additionalProperties": _MAYBE},
}
_SET: Schema = {
    "type": "object",
    "required": ["entries"],
    "properties": {
        "entries": {"type": "integer"},
        "sum_of_weights": _MAYBE,
        "auc": {
            **_MAYBE,
            "description": "Of more than two classes the mean of each against all others.",
        },
        "auc_error": _MAYBE,
        "rmse": _MAYBE,
        "rmse_error": _MAYBE,
        "roc": {
            "type": "object",
            "properties": _CURVE,
        },
        "rocs": _rows(
            {
                "class": {"type": "string"},
                "auc": {"type": "number"},
                "auc_error": _MAYBE,
                **_CURVE,
                "calibration": _CALIBRATION,
            },
            about="Of more than two classes: each against all others, by its own score.",
        ),
        "residuals": {
            "type": "object",
            "description": "Of a regression: predicted less true, in bins.",
            "properties": {
                "edges": _NUMBERS,
                "counts": _COUNTS,
                "variances": _VARIANCES,
                "mean": _MAYBE,
                "mean_error": _MAYBE,
                "spread": _MAYBE,
                "spread_error": _MAYBE,
            },
        },
        "profile": {
            "type": "object",
            "description": "Of a regression: mean and spread of the residuals by true value.",
            "properties": {
                "edges": _NUMBERS,
                "bias": _MAYBES,
                "bias_error": _MAYBES,
                "spread": _MAYBES,
                "spread_error": _MAYBES,
            },
        },
        "calibration": _CALIBRATION,
        "classes": {"type": "array", "items": {"type": "string"}},
        "confusion": {"type": "array", "items": _COUNTS},
        "scores": {
            "type": "object",
            "properties": {
                "edges": _NUMBERS,
                "counts": {"type": "array", "items": _COUNTS},
                "variances": {"type": "array", "items": _VARIANCES},
            },
        },
        "class_scores": {
            "type": "object",
            "description": "Of three classes to thirty: the score of each class, by true class.",
            "properties": {
                "edges": _NUMBERS,
                "counts": {"type": "array", "items": {"type": "array", "items": _COUNTS}},
                "variances": {"type": "array", "items": {"type": "array", "items": _VARIANCES}},
            },
        },
    },
}
QUALITY: Schema = {
    "type": "object",
    "description": "By set: test (held out), val, train.",
    "additionalProperties": _SET,
}
HISTOGRAMS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["branch", "counts", "edges", "normalised_edges"],
        "properties": {
            "branch": {"type": "string"},
            "counts": _COUNTS,
            "by_class": {"type": "object", "additionalProperties": _COUNTS},
            "variances": _VARIANCES,
            "variances_by_class": {"type": "object", "additionalProperties": _VARIANCES},
            "edges": _NUMBERS,
            "normalised_edges": _NUMBERS,
        },
    },
}
CORRELATIONS: Schema = {
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
CHECKS: Schema = {
    "type": "object",
    "required": ["schema_version", "overtraining", "importance"],
    "properties": {
        "schema_version": {"type": "integer"},
        "overtraining": {
            "type": ["object", "null"],
            "description": "Scores in training and held-out part, by true class: of the signal, or"
            " with more than two classes of the true class itself; null unless classes are told apart.",
            "properties": {
                "held_out": {"type": "string", "enum": ["test", "val"]},
                "edges": _NUMBERS,
                "classes": _rows(
                    {
                        "class": {"type": "string"},
                        "train_entries": {"type": "integer"},
                        "held_out_entries": {"type": "integer"},
                        "train": _COUNTS,
                        "held_out": _COUNTS,
                        "train_variances": _VARIANCES,
                        "held_out_variances": _VARIANCES,
                        "ks": _MAYBE,
                        "p_value": _MAYBE,
                    }
                ),
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
                "branches": _rows(
                    {
                        "branch": {"type": "string"},
                        "drop": {"type": "number"},
                        "error": {"type": "number"},
                    }
                ),
            },
        },
    },
}
_COUNT: Schema = {"type": "integer"}
_CUTS = _rows(
    {"cut": {"type": "string"}, "passed": _COUNT},
    about="What each cut leaves, in the order of preproc.json; empty where it is not known.",
)
CUTFLOW: Schema = {
    "type": "object",
    "required": ["files", "entries", "passed", "cuts"],
    "properties": {
        "files": _rows(
            {"file": {"type": "string"}, "entries": _COUNT, "passed": _COUNT, "cuts": _CUTS}
        ),
        "cuts": _CUTS,
        "entries": _COUNT,
        "passed": _COUNT,
    },
}
SAMPLE: Schema = {
    "type": "object",
    "required": ["model", "entry"],
    "properties": {"model": {"type": "string"}, "entry": OBJECT},
}
