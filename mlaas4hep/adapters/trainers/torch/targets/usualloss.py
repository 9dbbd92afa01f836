"""The loss that follows from labels and outputs where model.py defines none."""

from typing import Any

import numpy as np
import torch

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.adapters.trainers.torch.checks import Head
from mlaas4hep.adapters.trainers.torch.targets.losses import (
    Comparison,
    LogOfProbabilities,
    comparison,
    of_two,
)
from mlaas4hep.adapters.trainers.torch.targets.target import Target, is_regression
from mlaas4hep.core.models.training import TrainingJob

_TWO = {0.0, 1.0}


def usual(labels: Floats, head: Head, job: TrainingJob) -> Target:
    """Return the target that follows from some labels and from what the module gives."""
    loss, compares = _usual(labels, head, job)
    return Target(
        loss=loss,
        name=type(loss).__name__,
        width=head.width,
        compares=compares,
        classes=job.classes,
        is_bounded=head.is_bounded,
    )


def _usual(labels: Floats, head: Head, job: TrainingJob) -> tuple[Any, Comparison]:
    if is_regression(job):
        return _usual_of_values(head)
    if not head.varies and head.kind != "logits":
        raise TrainingError(
            f"{MODEL_FILE}: outputs are the same for all entries, so that nobody can tell whether "
            "they are probabilities",
            "define `loss`, or let the last layer begin with random weights",
        )
    if head.width > 1:
        return _usual_of_classes(head)
    values = set(np.unique(labels).tolist())
    loss = torch.nn.MSELoss()
    if values <= {-1.0, 1.0} and -1.0 in values and head.kind == "logits":
        loss = torch.nn.SoftMarginLoss()
    elif values <= _TWO or job.params.task == "binary":
        loss = of_two(head)
    found = comparison(loss, 1)
    assert found is not None  # noqa: S101 - all of them are in the table
    return loss, found


def _usual_of_values(head: Head) -> tuple[Any, Comparison]:
    if head.width > 1:
        raise TrainingError(
            f"{MODEL_FILE}: the module gives {head.width} numbers for an entry, and one is learned",
            "end with Linear(…, 1), or define `loss` in model.py",
        )
    return torch.nn.MSELoss(), Comparison(labels="column", task="regression")


def _usual_of_classes(head: Head) -> tuple[Any, Comparison]:
    several: dict[str, Any] = {
        "logits": torch.nn.CrossEntropyLoss(),
        "log_probabilities": torch.nn.NLLLoss(),
        "probabilities": LogOfProbabilities(),
        "independent": torch.nn.BCELoss(),
    }
    loss = several[head.kind]
    known = comparison(loss, head.width)
    return loss, known or Comparison(labels="number", task="multiclass")
