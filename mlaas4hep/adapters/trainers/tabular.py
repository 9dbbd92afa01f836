"""What models of tables (trees, linear models …) share: class labels, figures, names, memory."""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.failure import LabelError, TrainingError
from mlaas4hep.adapters.trainers.child.labels import OF_IDS, all_alike
from mlaas4hep.adapters.trainers.framework import Block, Floats, RoundMetrics
from mlaas4hep.core.models.goals import Goal
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.task import Task

MOST_CLASSES = 1000
_NUMBERING = f"number the classes 0, 1, 2 … without a gap in labels.txt{OF_IDS}"
PREDICT_ROWS = 65_536  #: at a time
_FRAMEWORK_BYTES = 300 * 1024**2  #: of memory before the first entry


def check_classes(labels: Floats, job: TrainingJob) -> None:
    """Refuse labels that a classifier cannot learn: no class numbers, or of several not 0 and 1.

    Raises:
        TrainingError: names the first one.
    """
    if job.label_columns.names:
        _check_pairs(labels, job.label_columns.names)
        return
    fits = (labels >= 0) & (labels < MOST_CLASSES) & (labels == np.rint(labels))
    if not fits.all():
        label = float(labels[int(np.argmin(fits))])
        raise TrainingError(
            f"label {label:g} does not fit a classifier: classes are numbered 0, 1, 2 …"
            + (f" ({', '.join(job.classes)})" if job.classes else ""),
            f"{_NUMBERING}; or return a regressor",
        )


def _check_pairs(labels: Floats, names: Sequence[str]) -> None:
    fits = np.isin(labels, (0, 1))
    if not fits.all():
        row, column = np.argwhere(~fits)[0]
        raise TrainingError(
            f"label {labels[row, column]:g} in column {names[column]!r} does not fit a classifier "
            "of several labels: each must be 0 or 1",
            "an expression for each class (flavour == 5, flavour == 4), or return a regressor",
        )


def goals(job: TrainingJob, loss: str, task: Task) -> tuple[Goal, ...]:
    """Return one goal for each of several label columns: number by number; () for one label."""
    return tuple(
        Goal(label=name, column=place, start=place, loss=loss, task=task)
        for place, name in enumerate(job.label_columns.names)
    )


def check_both(labels: Floats, names: Sequence[str]) -> None:
    """Refuse columns, shape (n, columns), of which one holds 0 or 1 only.

    Raises:
        TrainingError: names it.
    """
    for column, name in zip(labels.T, names, strict=True):
        if len(column) and column.min() == column.max():
            raise all_alike(column[0], name)


def class_count(labels: Floats) -> int:
    """Return how many classes a classifier must tell apart.

    Raises:
        TrainingError: there is one only, or a number in between has no entry.
    """
    seen = np.unique(labels)
    if len(seen) == 1:
        raise all_alike(seen[0])
    if len(seen) != int(seen[-1]) + 1:
        missing = next(number for number, label in enumerate(seen) if number != label)
        raise LabelError(
            f"no training entry has label {missing}, but there are higher ones", _NUMBERING
        )
    return len(seen)


def check_known_classes(job: TrainingJob) -> None:
    """Refuse classes with a gap, if they are known before any entry is read.

    Raises:
        TrainingError: names the number that is missing.
    """
    if len(job.labels) > 1 and not job.label_columns.names:
        check_classes(np.array(job.labels, np.float32), job)
        class_count(np.array(job.labels, np.float32))


def sampled_gap(job: TrainingJob) -> tuple[str, ...]:
    """Return that classes of the entries that a dry run looked at leave a number out."""
    labels = np.array(job.sampled.rows, np.float32)
    if labels.size < 2 or job.label_columns.names:  # noqa: PLR2004 - one says nothing of others
        return ()
    try:
        class_count(labels[:, 0])
    except TrainingError as error:
        return (f"of the entries looked at: {error} ({error.hint})",)
    return ()


def known_classes(job: TrainingJob) -> int:
    """Return the number of classes as far as it is known before any entry is read, at least 2."""
    return max(2, len(job.labels), len(job.classes))


def column_names(job: TrainingJob) -> list[str]:
    """Return names of the features that every framework accepts, each once."""
    names = job.names or tuple(f"f{index}" for index in range(job.columns))
    plain = [re.sub(r"[^0-9A-Za-z_.]", "_", name) for name in names]
    if len(set(plain)) == len(plain):
        return plain
    return [f"{name}_{index}" for index, name in enumerate(plain)]


def check_memory(job: TrainingJob, bytes_a_value: float, what: str, instead: str) -> None:
    """Refuse a sample that cannot be in memory at once.

    Raises:
        TrainingError: says how much it needs and what may help.
    """
    needed = _FRAMEWORK_BYTES + job.entries * job.columns * bytes_a_value
    allowed = job.resources.memory_bytes
    if needed > allowed:
        raise TrainingError(
            f"{what} needs all {job.entries} entries in memory at once, about "
            f"{needed / 1024**3:.1f} GB, and the run may use {allowed / 1024**3:.1f} GB",
            f"a larger `memory` in the submission, a smaller nevts, or {instead}",
        )


def taken(block: Block) -> tuple[Floats, Floats, Floats | None]:
    """Return inputs, labels and weights of the block's rows, in their order."""
    return block.x[block.order], *answers(block)


def gathered(blocks: Iterable[Block], job: TrainingJob) -> tuple[Floats, Floats, Floats | None]:
    """Return inputs, shape (rows, columns), labels and weights of all blocks, copied once."""
    x = np.empty((job.entries, job.columns), np.float32)
    labels: list[Floats] = []
    weights: list[Floats] = []
    rows = 0
    for block in blocks:
        stop = rows + len(block.order)
        if stop > len(x):  # the number of entries was not known
            x = np.concatenate((x[:rows], np.empty((stop, job.columns), np.float32)))
        np.take(block.x, block.order, axis=0, out=x[rows:stop], mode="clip")
        labels.append(block.y[block.order])
        if block.weights is not None:
            weights.append(block.weights[block.order])
        rows = stop
    return x[:rows], np.concatenate(labels), np.concatenate(weights) if weights else None


def answers(block: Block) -> tuple[Floats, Floats | None]:
    """Return labels and weights of the block's rows, in their order."""
    weights = None if block.weights is None else block.weights[block.order]
    return block.y[block.order], weights


def pieces(block: Block) -> Iterator[Floats]:
    """Yield the inputs of the block's rows, some at a time."""
    for start in range(0, len(block.order), PREDICT_ROWS):
        yield block.x[block.order[start : start + PREDICT_ROWS]]


class ScoreSums:
    """Loss and accuracy of outputs, summed block by block."""

    def __init__(self, *, classifies: bool) -> None:
        self._classifies = classifies
        self._loss = self._right = self._weight = 0.0

    def add(self, outputs: Floats, labels: Floats, weights: Floats | None) -> None:
        """Take outputs of shape (n, 1) or (n, classes)."""
        weight = np.ones(len(labels)) if weights is None else weights.astype(np.float64)
        self._weight += float(weight.sum())
        if not self._classifies:
            errors = (outputs.astype(np.float64) - labels.reshape(len(labels), -1)) ** 2
            self._loss += float((errors.mean(axis=1) * weight).sum())
            return
        if labels.ndim > 1:
            self._add_pairs(outputs, labels, weight)
            return
        rows = outputs if outputs.shape[1] > 1 else np.hstack((1 - outputs, outputs))
        numbers = labels.astype(np.int64)
        probability = np.clip(rows[np.arange(len(rows)), numbers].astype(np.float64), 1e-7, 1)
        self._loss -= float((np.log(probability) * weight).sum())
        self._right += float(((rows.argmax(axis=1) == numbers) * weight).sum())

    def _add_pairs(self, outputs: Floats, labels: Floats, weight: NDArray[np.float64]) -> None:
        """Take probabilities of several labels, shape (n, labels), which are 0 or 1 each."""
        right = np.where(labels > 0, outputs, 1 - outputs)  # the probability of what is true
        logarithms = np.log(np.clip(right.astype(np.float64), 1e-7, 1))
        self._loss -= float((logarithms.mean(axis=1) * weight).sum())
        self._right += float((((outputs > 0.5) == (labels > 0)).mean(axis=1) * weight).sum())  # noqa: PLR2004

    def metrics(self, prefix: str = "") -> RoundMetrics:
        """Return the weighted means; empty without entries."""
        if not self._weight:
            return {}
        found = {f"{prefix}loss": self._loss / self._weight}
        if self._classifies:
            found[f"{prefix}accuracy"] = self._right / self._weight
        return found
