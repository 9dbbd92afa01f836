"""What an output of a compiled model learns, read off its loss: the shape that labels must have."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.labels import OF_IDS
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.core.requests.task import Task

_ONE_HOT = {"categorical_crossentropy", "categorical_focal_crossentropy"}
_SPARSE = {"sparse_categorical_crossentropy"}
_BINARY = {"binary_crossentropy", "binary_focal_crossentropy"}
OWN = "own"  #: of a model that adds its losses itself
_REGRESSION = {
    "mean_squared_error", "mse", "mean_absolute_error", "mae", "huber", "log_cosh", "poisson",
    "mean_absolute_percentage_error", "mape", "mean_squared_logarithmic_error", "msle",
    "logcosh",
}  # fmt: skip


_OF_NUMBERS = (
    '; "task": "regression" in params.json, if all outputs are about one number (quantiles, '
    "a mean and its error)"
)

_TO_01 = '; "positive" in params.json names the label that is to be 1, such as "positive": 2'


def loss_name(loss: Any) -> str:
    """Return "categorical_crossentropy" for the string, function, class or instance of it."""
    loss = alone(loss)
    if isinstance(loss, partial):
        return loss_name(loss.func)
    if loss is None:
        return OWN
    text = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower()


def is_of_keras(loss: Any) -> bool:
    """Tell whether Keras brings the loss: a text, or a function or class of its own."""
    loss = alone(loss)
    inner = loss.func if isinstance(loss, partial) else getattr(loss, "fn", loss)
    named = inner if hasattr(inner, "__name__") else type(inner)
    return isinstance(loss, str) or named.__module__.split(".")[0] in {"keras", "tf_keras"}


def of_classes(loss: Any) -> bool:
    """Tell whether it is a loss of Keras that tells classes apart."""
    return loss_name(loss) in _ONE_HOT | _SPARSE | _BINARY


def gives_logits(loss: Any) -> bool:
    """Tell whether the loss takes outputs that are no probabilities yet (`from_logits=True`)."""
    loss = alone(loss)
    told = getattr(loss, "keywords", None) or getattr(loss, "_fn_kwargs", None) or {}
    return bool(getattr(loss, "from_logits", False) or told.get("from_logits"))


def alone(loss: Any) -> Any:
    """Return the loss that a dict or list may hold as its only one."""
    while isinstance(loss, dict | list | tuple) and len(loss) == 1:
        (loss,) = loss.values() if isinstance(loss, dict) else loss
    return loss


@dataclass(frozen=True, slots=True)
class Target:
    """What the loss compares an output of `width` numbers with."""

    loss: str
    width: int
    classes: tuple[str, ...] = ()
    logits: bool = False  #: the output is one of `gives_logits`
    by_number: bool = False  #: a loss of somebody's own wants the number of a class
    is_value: bool = False  #: the label is a value, however many numbers the model gives
    is_inputs: bool = False  #: what the model gets is what it is to give
    first: int = 0  #: column of labels, the first one that the output is compared with
    labels: int = 1  #: how many columns that is
    beside: int = 0  #: columns behind all labels, which the loss sees, too
    of_keras: bool = False  #: the loss is one that Keras brings, which compares with labels only
    activation: str = ""  #: of the layer that gives the output; "" if it does not show

    @property
    def task(self) -> Task:
        """Return what is learned, as far as the model tells."""
        if self.is_inputs or self.loss == OWN:
            return "other"
        if self.is_value:
            return "regression"
        if self.loss in _BINARY and self.width == self.labels:
            return "binary"
        if self.labels == 1 and (self.loss in _ONE_HOT | _SPARSE or self.width > 1):
            return "multiclass"
        return "regression" if self.loss in _REGRESSION else "other"

    @property
    def columns(self) -> int:
        """Return how many numbers `shaped` gives for an entry."""
        return (self.width if self.is_one_hot or self.is_inputs else self.labels) + self.beside

    @property
    def is_one_hot(self) -> bool:
        """Tell whether the loss compares the output with one number for each class."""
        several = self.width > 1 and self.labels == 1
        several = several and self.loss not in _SPARSE and self.loss != OWN
        return several and not (self.by_number or self.is_value or self.is_inputs)

    @property
    def is_known(self) -> bool:
        """Tell whether it is one of Keras's losses that compare an output with labels."""
        return self.loss in _ONE_HOT | _SPARSE | _BINARY | _REGRESSION

    @property
    def is_of_classes(self) -> bool:
        """Tell whether it is one of Keras's losses that tell classes apart."""
        return self.loss in _ONE_HOT | _SPARSE | _BINARY

    @property
    def is_own(self) -> bool:
        """Tell whether nobody but its author knows the loss."""
        return not self.is_known

    def check_output(self) -> None:
        """Refuse an output that the loss cannot learn from.

        Raises:
            TrainingError: a loss for several classes, and an output of one number; or one that
                compares as many labels as numbers, and there are others; or one that would
                compare `loss_columns`, too.
        """
        if self.beside and self.of_keras:
            raise TrainingError(
                f"model.py: loss {self.loss!r} cannot compare labels with {self.beside} column(s)"
                " of `loss_columns` behind them",
                f"write a function loss(y, outputs), in which y[:, :{self.labels}] are labels;"
                " or leave loss_columns away",
            )
        if (
            self.labels > 1
            and (self.width != self.labels or self.loss in _SPARSE)
            and self.is_known
        ):
            raise TrainingError(
                f"model.py: the output is {self.width} wide, and loss {self.loss!r} cannot compare it"
                f" with {self.labels} label columns",
                f"end with Dense({self.labels}), one number for each column",
            )
        if self.width == 1 and self.loss in _ONE_HOT | _SPARSE:
            raise TrainingError(
                f"model.py: the output is 1 wide, which loss {self.loss!r} cannot learn from",
                "one output per class: Dense(2) with softmax, or loss='binary_crossentropy'",
            )

    def shaped(self, labels: Floats) -> Floats:
        """Return what the loss compares: labels, one-hot if it wants them so, and what is beside.

        Args:
            labels: shape (n,), or (n, all label columns and what is beside them).
        """
        rows = labels.reshape(len(labels), -1)
        own = rows[:, self.first : self.first + self.labels]
        if self.is_one_hot:
            own = np.eye(self.width, dtype=np.float32)[own[:, 0].astype(np.int64)]
        return np.hstack((own, rows[:, -self.beside :])) if self.beside else own

    def check(self, labels: Floats) -> None:
        """Refuse labels that the loss cannot compare.

        Raises:
            TrainingError: names the first one.
        """
        labels = labels.reshape(len(labels), -1)[:, self.first : self.first + self.labels]
        labels = labels.reshape(-1)
        if self.task == "multiclass":
            is_class = (labels >= 0) & (labels < self.width) & (labels == np.rint(labels))
            due = f"an integer from 0 to {self.width - 1}, one per output"
            whole = (labels == np.rint(labels)).all()
            self._refuse_outside(labels, is_class, due, OF_IDS if whole else _OF_NUMBERS)
        elif self.loss in _BINARY:
            self._refuse_outside(labels, (labels >= 0) & (labels <= 1), "0 or 1", _TO_01)

    def _refuse_outside(
        self, labels: Floats, fits: NDArray[np.bool_], due: str, cure: str = ""
    ) -> None:
        if fits.all():
            return
        label = float(labels[int(np.argmin(fits))])
        is_class = label.is_integer() and 0 <= label < len(self.classes)
        named = f" ({self.classes[int(label)]})" if is_class else ""
        raise TrainingError(
            f"label {label:g}{named} does not fit loss {self.loss!r}: it must be {due}",
            f"change labels.txt, or the last layer and the loss of model.py{cure}",
        )
