"""What a module learns: its loss, or one that follows from outputs and labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mlaas4hep.adapters.native.torch import Activation
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.child.labels import OF_IDS
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.adapters.trainers.torch.checks import Head
from mlaas4hep.adapters.trainers.torch.targets import lossvalue
from mlaas4hep.adapters.trainers.torch.targets.losses import (
    Comparison,
    check_outputs,
    comparison,
    is_of_torch,
    wants_several,
)
from mlaas4hep.core.models.goals import Goal
from mlaas4hep.core.models.outputrange import OutputRange
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.task import OF_CLASSES, Task

_HALF = {"none": 0.5, "sigmoid": 0.0, "signed": 0.0}  #: outputs from which an entry is signal
_OF_CLASSES: dict[str, Activation] = {"logits": "softmax", "log_probabilities": "exp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A loss, what it compares, and how many outputs there are."""

    loss: Any
    name: str
    width: int
    compares: Comparison
    classes: tuple[str, ...] = ()
    is_bounded: bool = False  #: outputs lie between 0 and 1, whatever is learned

    @property
    def ranges(self) -> tuple[OutputRange, ...]:
        """Return what the outputs of a regression give, where that is not any value."""
        if not self.is_bounded or self.task != "regression":
            return ()
        return (
            OutputRange(
                low=0.0, high=1.0, why="the module ends with a sigmoid, a softmax or the like"
            ),
        )

    @property
    def task(self) -> Task:
        """Return what is learned, as far as the loss tells."""
        return self.compares.task

    @property
    def activations(self) -> tuple[Activation, tuple[tuple[Activation, int], ...]]:
        """Return what makes scores of outputs, and of how many numbers each if there are several."""
        return self.compares.activation, ()

    @property
    def counts_each_entry(self) -> bool:
        """Tell whether the loss is the same for batches of any size."""
        return lossvalue.counts_each_entry(self.loss)

    @property
    def compares_all_pairs(self) -> bool:
        """Tell whether a loss of one label mixes up entries."""
        is_column = self.compares.labels == "column"
        return is_column and lossvalue.compares_all_pairs(self, self.width)

    @property
    def losses(self) -> tuple[Any, ...]:
        """Return what compares: one loss."""
        return (self.loss,)

    @property
    def goals(self) -> tuple[Goal, ...]:
        """Return none: there is one label."""
        return ()

    def right(self, outputs: Floats, labels: Floats) -> dict[str, NDArray[np.bool_]]:
        """Return which entries, shape (n,), are told apart as labels say; empty for values."""
        if self.task not in OF_CLASSES:
            return {}
        if outputs.shape[1] > 1:
            return {"accuracy": outputs.argmax(axis=1) == labels}
        chosen = outputs[:, 0] >= _HALF[self.compares.activation]
        return {"accuracy": chosen == (labels > 0.5)}  # noqa: PLR2004 - of 0 and 1, or -1 and 1

    def shaped(self, labels: Floats, kind: Any, place: Any) -> Any:
        """Return labels, shape (n,), as the loss compares them with outputs of a type on a device.

        One with a number for each of several labels gets them in shape (n, labels), as they are.
        """
        if self.compares.labels == "column":
            return torch.from_numpy(labels.reshape(len(labels), -1)).to(place, kind)
        numbers = torch.from_numpy(labels.astype(np.int64)).to(place)
        if self.compares.labels == "number":
            return numbers
        return torch.nn.functional.one_hot(numbers, self.width).to(kind)

    def __call__(self, outputs: Any, labels: Any, weights: Any = None, columns: Any = None) -> Any:
        """Return the loss of a batch as one number.

        Raises:
            TrainingError: see `lossvalue.value`.
        """
        return lossvalue.value(self.loss, outputs, labels, weights, columns)

    def check(self, labels: Floats, where: str = "") -> None:
        """Refuse labels, shape (n,), that the loss cannot compare; `where` says whose they are.

        Raises:
            TrainingError: names the first one.
        """
        of_ids = ""
        if self.task == "multiclass":
            fits = (labels >= 0) & (labels < self.width) & (labels == np.rint(labels))
            due = f"an integer from 0 to {self.width - 1}, one per output"
            of_ids = OF_IDS if (labels == np.rint(labels)).all() else ""
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
                f"label {label:g}{f' ({named})' if named else ''}{where} does not fit {self.name}: "
                f"it must be {due}",
                "change labels.txt, the module's outputs, or `loss` in model.py; values are "
                f'learned with "task": "regression" in params.json{of_ids}',
            )


def stated(defined: Mapping[str, Any], head: Head, job: TrainingJob) -> tuple[Target, ...]:
    """Return the target that `loss` of model.py means, or several to try; () if there is no loss.

    Raises:
        TrainingError: it is no loss, or none for this module.
    """
    if defined.get("loss") is None:
        return ()
    return guesses(instance(defined["loss"]), head, job)


def instance(loss: Any) -> Any:
    """Return a loss that can be called.

    Raises:
        TrainingError: it is none.
    """
    if isinstance(loss, type):
        loss = loss()
    if not callable(loss):
        raise TrainingError(
            f"{MODEL_FILE}: `loss` is a {type(loss).__name__}, not a loss",
            "loss = torch.nn.BCEWithLogitsLoss(), or def loss(outputs, labels): …",
        )
    if isinstance(loss, torch.nn.Module) and any(one.requires_grad for one in loss.parameters()):
        raise TrainingError(
            f"{MODEL_FILE}: `loss` has parameters of its own, which would not be learned",
            "keep them in the module, whose outputs `loss` sees",
        )
    return loss


def guesses(loss: Any, head: Head, job: TrainingJob) -> tuple[Target, ...]:
    """Return what a loss may mean for a tensor and one label, likeliest first.

    Raises:
        TrainingError: it cannot learn from it.
    """
    if head.width == 1 and wants_several(loss):
        raise TrainingError(
            f"{MODEL_FILE}: the module gives 1 number, which {type(loss).__name__} cannot learn from",
            "one output per class: Linear(…, 2), or loss = torch.nn.BCEWithLogitsLoss()",
        )
    check_outputs(loss, head)
    compares = comparison(loss, head.width)
    if compares is None and is_of_torch(loss) and not is_regression(job):
        raise TrainingError(
            f"{MODEL_FILE}: {type(loss).__name__} cannot compare {head.width} number(s) with one "
            "label as it is",
            "def loss(outputs, labels): …, a function that gives it what it wants",
        )
    is_of_values = compares is not None and compares.labels == "one_hot" and is_regression(job)
    tried = (compares,) if compares and not is_of_values else _guesses(loss, head, job)
    return tuple(
        Target(
            loss=loss,
            name=name_of(loss),
            width=head.width,
            compares=each,
            classes=job.classes,
            is_bounded=head.is_bounded,
        )
        for each in tried
    )


def name_of(loss: Any) -> str:
    """Return what a loss is called."""
    return str(getattr(loss, "__name__", type(loss).__name__))


def _guesses(loss: Any, head: Head, job: TrainingJob) -> tuple[Comparison, ...]:
    """Return what a loss of somebody's own may compare, likeliest first."""
    beside = len(job.label_columns.beside)
    are_classes = all(label in range(head.width) for label in job.labels)
    if head.width > 1 and are_classes and not is_regression(job):
        activation = _OF_CLASSES.get(head.kind, "none")
        return (
            Comparison(labels="number", activation=activation, task="multiclass"),
            Comparison(labels="one_hot", activation=activation, task="multiclass"),
        )
    if head.width == 1 and head.kind == "logits" and is_of_logits(loss, 1, beside):
        return (Comparison(labels="column", activation="sigmoid", task="binary"),)
    return (Comparison(labels="column", task="regression" if is_regression(job) else "other"),)


def is_of_logits(loss: Any, width: int, beside: int) -> bool:
    """Tell whether a loss prefers the largest output for label 1, and the smallest for label 0.

    Args:
        loss: of somebody's own.
        width: how many numbers an entry gets, and how many labels there are.
        beside: how many `loss_columns` there are.
    """
    weights = torch.ones(2) if lossvalue.takes_weights(loss) else None
    columns = torch.tensor([[0.0], [1.0]]).repeat(1, beside) if beside else None
    almost_alike = torch.tensor([[1.0], [1.01]])  # correlations want two different numbers

    def value(output: float, label: float) -> float:
        outputs = (almost_alike * output).repeat(1, width)
        labels = torch.full_like(outputs, label)
        return float(lossvalue.value(loss, outputs, labels, weights, columns))

    try:
        return value(9.0, 1.0) < value(2.0, 1.0) and value(-9.0, 0.0) < value(-1.0, 0.0)
    except Exception:  # noqa: BLE001 - somebody's program; the dry run tells what it raises
        return False


def is_regression(job: TrainingJob) -> bool:
    """Tell whether params.json says that values are learned."""
    return job.params.task == "regression"
