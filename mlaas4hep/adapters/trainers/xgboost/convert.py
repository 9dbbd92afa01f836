"""The trees of XGBoost as ONNX; those of several labels as one model for each, side by side."""

import json
from typing import Any

import xgboost

from mlaas4hep.adapters.trainers import onnxfile

_NO_CHILD = -1  #: what XGBoost's JSON has in place of a leaf's children


def converted(
    booster: Any, columns: int, *, classifies: bool, is_several: bool, labels: int
) -> Any:
    """Return an ONNX model with the scores of the trees.

    Args:
        booster: that was trained.
        columns: of an entry.
        classifies: probabilities are wanted.
        is_several: of more than two classes.
        labels: how many it has learned.

    Raises:
        ValueError: a tree gives the numbers of all labels at once, which no converter knows.
    """
    probabilities: dict[str, Any] = {
        "classifies": classifies,
        "column": None if is_several else 1,
    }
    content = json.loads(bytes(booster.save_raw("json")))
    if content["learner"]["gradient_booster"]["name"] == "dart":
        content = _as_plain_trees(content)
        booster = _read(content)
    if labels == 1:
        return _of_one(booster, columns, **probabilities)
    trees = content["learner"]["gradient_booster"]["model"]
    if len(set(trees["tree_info"])) != labels:
        raise ValueError("trees of several labels at once have no converter")
    each = (_of_label(content, label) for label in range(labels))
    return onnxfile.side_by_side([_of_one(one, columns, **probabilities) for one in each])


def _of_one(booster: Any, columns: int, *, classifies: bool, column: int | None) -> Any:
    from onnxmltools.convert import convert_xgboost  # noqa: PLC0415 - only with the extra
    from onnxmltools.convert.common.data_types import FloatTensorType  # noqa: PLC0415

    plain = booster.copy()
    plain.feature_names = None  # the converter wants f0, f1, …
    model = convert_xgboost(plain, initial_types=[("input", FloatTensorType([None, columns]))])
    return onnxfile.scores_only(model, column) if classifies else model


def _as_plain_trees(content: dict[str, Any]) -> dict[str, Any]:
    """Return trees of DART, whose sum is weighed, as those of a plain sum: weights in the leaves."""
    learner = content["learner"]
    dart = learner["gradient_booster"]
    model = dart["gbtree"]["model"]
    trees = [
        {
            **tree,
            "split_conditions": [
                value * weight if child == _NO_CHILD else value  # of a leaf: what it gives
                for value, child in zip(
                    tree["split_conditions"], tree["left_children"], strict=True
                )
            ],
        }
        for tree, weight in zip(model["trees"], dart["weight_drop"], strict=True)
    ]
    plain = {"name": "gbtree", "model": {**model, "trees": trees}}
    return {**content, "learner": {**learner, "gradient_booster": plain}}


def _of_label(content: dict[str, Any], label: int) -> Any:
    """Return the trees that tell one label, as XGBoost's JSON has them, as a booster of its own."""
    learner = content["learner"]
    model, param = learner["gradient_booster"]["model"], learner["learner_model_param"]
    trees = [
        tree
        for tree, tells in zip(model["trees"], model["tree_info"], strict=True)
        if tells == label
    ]
    rounds = len(model["iteration_indptr"]) - 1
    own = {
        **model,
        "trees": [{**tree, "id": number} for number, tree in enumerate(trees)],
        "tree_info": [0] * len(trees),
        "iteration_indptr": [len(trees) // rounds * number for number in range(rounds + 1)],
        "gbtree_model_param": {**model["gbtree_model_param"], "num_trees": str(len(trees))},
    }
    base = json.loads(param["base_score"])[label]
    alone = {
        **learner,
        "gradient_booster": {**learner["gradient_booster"], "model": own},
        "learner_model_param": {**param, "num_target": "1", "base_score": f"[{base!r}]"},
    }
    return _read({**content, "learner": alone})


def _read(content: dict[str, Any]) -> Any:
    """Return the booster that XGBoost's JSON describes."""
    return xgboost.Booster(model_file=bytearray(json.dumps(content).encode()))
