"""What a compiled model learns, read off its loss: the shape that labels must have."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.models.task import Task

_ONE_HOT = {"categorical_crossentropy", "categorical_focal_crossentropy"}
_SPARSE = {"sparse_categorical_crossentropy"}
_BINARY = {"binary_crossentropy", "binary_focal_crossentropy"}
_REGRESSION = {
    "mean_squared_error", "mse", "mean_absolute_error", "mae", "huber", "log_cosh", "poisson",
    "mean_absolute_percentage_error", "mape", "mean_squared_logarithmic_error", "msle",
}  # fmt: skip


def loss_name(loss: Any) -> str:
    """Return "categorical_crossentropy" for the string, function, class or instance of it."""
    if isinstance(loss, dict | list | tuple) and len(loss) == 1:
        return loss_name(next(iter(loss.values() if isinstance(loss, dict) else loss)))
    text = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower()


class Labels:
    """Turns the label column into what the loss expects, and refuses what it cannot learn."""

    def __init__(self, loss: Any, width: int, classes: tuple[str, ...] = ()) -> None:
        self.loss = loss_name(loss)
        self.width = width
        self.classes = classes
        self.seen: set[float] = set()

    @property
    def task(self) -> Task:
        """Return what is learned."""
        if self.loss in _ONE_HOT | _SPARSE:
            return "multiclass"
        if self.loss in _BINARY and self.width == 1:
            return "binary"
        if self.loss in _REGRESSION:
            return "binary" if self.seen and self.seen <= {0.0, 1.0} else "regression"
        return "other"

    @property
    def columns(self) -> int:
        """Return how many numbers `shaped` gives for an entry."""
        return self.width if self.loss in _ONE_HOT else 1

    @property
    def stratified(self) -> bool:
        """Tell whether a split should keep the share of each label."""
        return self.loss in _ONE_HOT | _SPARSE | _BINARY

    def check_output(self) -> None:
        """Refuse an output that one number per entry cannot be compared with.

        Raises:
            TrainingError: the loss is not a categorical one, and the output is wider than 1.
        """
        if self.width != 1 and self.loss not in _ONE_HOT | _SPARSE:
            raise TrainingError(
                f"model.py: the output is {self.width} wide, but loss {self.loss!r} compares it "
                "with one label per entry",
                "end with Dense(1), or use loss='categorical_crossentropy'",
            )
        if self.width == 1 and self.loss in _ONE_HOT | _SPARSE:
            raise TrainingError(
                f"model.py: the output is 1 wide, which loss {self.loss!r} cannot learn from",
                "one output per class: Dense(2) with softmax, or loss='binary_crossentropy'",
            )

    def shaped(self, y: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return labels of shape (n, width) for one-hot losses, else (n, 1).

        Raises:
            TrainingError: a label does not fit the loss.
        """
        self._check(y)
        if self.loss in _ONE_HOT:
            return np.eye(self.width, dtype=np.float32)[y.astype(np.int64)]
        return y.reshape(-1, 1)

    def _check(self, y: NDArray[np.float32]) -> None:
        bad = np.flatnonzero(~np.isfinite(y))
        if bad.size:
            raise TrainingError(
                f"{bad.size} labels of {y.size} in a chunk are not numbers (NaN or infinite)",
                "check labels.txt and the branches it names",
            )
        if self.loss in _ONE_HOT | _SPARSE:
            self._refuse_outside(y, (y >= 0) & (y < self.width) & (y == np.rint(y)), "an integer "
                                 f"from 0 to {self.width - 1}, one per output")  # fmt: skip
        elif self.loss in _BINARY:
            self._refuse_outside(y, (y >= 0) & (y <= 1), "0 or 1")
        if len(self.seen) <= 1000:  # noqa: PLR2004 - more than that is no classification
            self.seen.update(np.unique(y)[:1001].tolist())

    def _refuse_outside(self, y: NDArray[np.float32], fits: NDArray[np.bool_], due: str) -> None:
        if fits.all():
            return
        label = float(y[int(np.argmin(fits))])
        is_class = label.is_integer() and 0 <= label < len(self.classes)
        named = f" ({self.classes[int(label)]})" if is_class else ""
        raise TrainingError(
            f"label {label:g}{named} does not fit loss {self.loss!r}: it must be {due}",
            "change labels.txt, or the last layer and the loss of model.py",
        )

    def check_seen(self) -> None:
        """Refuse a classification in which all entries are of one class.

        Raises:
            TrainingError: only one label was ever seen.
        """
        if self.stratified and len(self.seen) == 1:
            label = next(iter(self.seen))
            raise TrainingError(
                f"all entries have label {label:g}: there is nothing to tell apart",
                "labels.txt should give at least two classes, and cuts should leave both",
            )
