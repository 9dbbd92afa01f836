"""What a module learns: its loss, or one that follows from outputs and labels."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mlaas4hep.adapters.native.torch import Activation
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.adapters.trainers.torch.checks import Outputs
from mlaas4hep.adapters.trainers.torch.losses import (
    Comparison,
    LogOfProbabilities,
    by_entry,
    comparison,
    wants_several,
)
from mlaas4hep.core.models.task import Task
from mlaas4hep.core.models.training import TrainingJob

_TWO = {0.0, 1.0}
_OF_CLASSES: dict[str, Activation] = {"logits": "softmax", "log_probabilities": "exp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A loss, what it compares, and how many outputs there are."""

    loss: Any
    name: str
    width: int
    compares: Comparison
    classes: tuple[str, ...] = ()

    @property
    def task(self) -> Task:
        """Return what is learned, as far as the loss tells."""
        return self.compares.task

    def shaped(self, labels: Floats, kind: Any) -> Any:
        """Return labels, shape (n,), as the loss compares them with outputs of type `kind`."""
        if self.compares.labels == "column":
            return torch.from_numpy(labels.reshape(-1, 1)).to(kind)
        numbers = torch.from_numpy(labels.astype(np.int64))
        if self.compares.labels == "number":
            return numbers
        return torch.nn.functional.one_hot(numbers, self.width).to(kind)

    def __call__(self, outputs: Any, labels: Any, weights: Any = None) -> Any:
        """Return the loss of a batch as one number.

        Raises:
            TrainingError: entries have weights, and the loss takes none.
        """
        if weights is None:
            return self.loss(outputs, labels).mean()
        separate = by_entry(self.loss)
        if separate is not None:
            return (separate(outputs, labels) * weights).mean()
        if "weights" in inspect.signature(self.loss).parameters:
            return self.loss(outputs, labels, weights=weights).mean()
        values = self.loss(outputs, labels)
        if values.shape[:1] != weights.shape:
            raise TrainingError(
                f"{MODEL_FILE}: entries have weights, but `loss` gives one number for a batch",
                "def loss(outputs, labels, weights): …, or return one number for each entry",
            )
        return (values.reshape(len(values), -1).mean(dim=1) * weights).mean()

    def check(self, labels: Floats) -> None:
        """Refuse labels that the loss cannot compare.

        Raises:
            TrainingError: names the first one.
        """
        if self.task == "multiclass":
            fits = (labels >= 0) & (labels < self.width) & (labels == np.rint(labels))
            due = f"an integer from 0 to {self.width - 1}, one per output"
        elif self.compares.activation == "signed":
            fits, due = np.isin(labels, (-1, 1)), "-1 or 1"
        elif self.task == "binary":
            fits, due = (labels >= 0) & (labels <= 1), "0 or 1"
        else:
            return
        if not fits.all():
            label = float(labels[int(np.argmin(fits))])
            named = self.classes[int(label)] if label in range(len(self.classes)) else ""
            raise TrainingError(
                f"label {label:g}{f' ({named})' if named else ''} does not fit {self.name}: "
                f"it must be {due}",
                "change labels.txt, the module's outputs, or `loss` in model.py; values are "
                'learned with "task": "regression" in params.json',
            )


def stated(
    defined: Mapping[str, Any], outputs: Outputs, job: TrainingJob
) -> tuple[Target, ...] | None:
    """Return the target that `loss` of model.py means, or several to try; None: there is none.

    Raises:
        TrainingError: it is no loss, or none for this module.
    """
    loss = defined.get("loss")
    if loss is None:
        return None
    if isinstance(loss, type):
        loss = loss()
    if not callable(loss):
        raise TrainingError(
            f"{MODEL_FILE}: `loss` is a {type(loss).__name__}, not a loss",
            "loss = torch.nn.BCEWithLogitsLoss(), or def loss(outputs, labels): …",
        )
    if outputs.width == 1 and wants_several(loss):
        raise TrainingError(
            f"{MODEL_FILE}: the module gives 1 number, which {type(loss).__name__} cannot learn from",
            "one output per class: Linear(…, 2), or loss = torch.nn.BCEWithLogitsLoss()",
        )
    compares = comparison(loss, outputs.width)
    is_of_values = compares is not None and compares.labels == "one_hot" and _is_regression(job)
    tried = (compares,) if compares and not is_of_values else _guesses(loss, outputs, job)
    name = getattr(loss, "__name__", type(loss).__name__)
    return tuple(
        Target(loss=loss, name=name, width=outputs.width, compares=each, classes=job.classes)
        for each in tried
    )


def usual(labels: Floats, outputs: Outputs, job: TrainingJob) -> Target:
    """Return the target that follows from some labels and from what the module gives."""
    loss, compares = _usual(labels, outputs, job)
    return Target(
        loss=loss,
        name=type(loss).__name__,
        width=outputs.width,
        compares=compares,
        classes=job.classes,
    )


def _usual(labels: Floats, outputs: Outputs, job: TrainingJob) -> tuple[Any, Comparison]:
    losses = torch.nn
    asked = job.params.task
    if asked == "regression" and outputs.width > 1:
        raise TrainingError(
            f"{MODEL_FILE}: the module gives {outputs.width} numbers for an entry, and one is learned",
            "end with Linear(…, 1), or define `loss` in model.py",
        )
    if asked == "regression":
        return losses.MSELoss(), Comparison(labels="column", task="regression")
    if outputs.width > 1:
        several: dict[str, Any] = {
            "logits": losses.CrossEntropyLoss(),
            "log_probabilities": losses.NLLLoss(),
            "probabilities": LogOfProbabilities(),
            "independent": losses.BCELoss(),
        }
        loss = several[outputs.kind]
        known = comparison(loss, outputs.width)
        return loss, known or Comparison(labels="number", task="multiclass")
    values = set(np.unique(labels).tolist())
    if values <= {-1.0, 1.0} and -1.0 in values and outputs.kind == "logits":
        loss = losses.SoftMarginLoss()
    elif values <= _TWO or asked == "binary":
        is_logit = outputs.kind == "logits"
        loss = losses.BCEWithLogitsLoss() if is_logit else losses.BCELoss()
    else:
        loss = losses.MSELoss()
    found = comparison(loss, 1)
    assert found is not None  # noqa: S101 - all of them are in the table
    return loss, found


def _guesses(loss: Any, outputs: Outputs, job: TrainingJob) -> tuple[Comparison, ...]:
    """Return what a loss of somebody's own may compare, likeliest first."""
    are_classes = all(label in range(outputs.width) for label in job.labels)
    if outputs.width > 1 and are_classes and not _is_regression(job):
        activation = _OF_CLASSES.get(outputs.kind, "none")
        return (
            Comparison(labels="number", activation=activation, task="multiclass"),
            Comparison(labels="one_hot", activation=activation, task="multiclass"),
        )
    if outputs.width == 1 and outputs.kind == "logits" and _is_of_logits(loss):
        return (Comparison(labels="column", activation="sigmoid", task="binary"),)
    return (Comparison(labels="column", task="regression" if _is_regression(job) else "other"),)


def _is_of_logits(loss: Any) -> bool:
    """Tell whether a loss prefers the largest output for label 1, and the smallest for label 0."""

    def value(output: float, label: float) -> float:
        return float(loss(torch.full((2, 1), output), torch.full((2, 1), label)).mean())

    try:
        return value(9.0, 1.0) < value(2.0, 1.0) and value(-9.0, 0.0) < value(-1.0, 0.0)
    except Exception:  # noqa: BLE001 - somebody's program; the dry run tells what it raises
        return False


def _is_regression(job: TrainingJob) -> bool:
    return job.params.task == "regression"
