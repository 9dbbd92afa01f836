"""Why a run that has not begun would be refused, as the labels and parts of a sample say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.models.sample.partcounts import PartCounts, unusable
from mlaas4hep.core.models.sample.reason import Reason
from mlaas4hep.core.models.training import SampledLabels
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.requests.task import OF_CLASSES, Task

#: more different labels are values, of which some and the extreme ones tell enough
_MOST_ROWS = 1000
_TWO_CLASSES = ({0.0, 1.0}, {-1.0, 1.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledEntries:
    """Entries of a sample that pass the cuts."""

    labels: Array  #: shape (n,), or (n, label columns) if there are several
    parts: NDArray[np.uint8] | None  #: shape (n,): who validates, or folds; None: nobody says it
    weights: Array | None = None  #: shape (n,): that figures count with; None: all count alike


def untrainable(
    sample: Sequence[SampledEntries], request: Request, task: Task | None, *, is_whole: bool
) -> Iterator[str]:
    """Yield why a run would be refused if all entries were like those of the sample.

    Args:
        sample: the first entries of files.
        request: of the run.
        task: of the model; None: it was not built.
        is_whole: there are no other entries.

    Raises:
        PermanentError: there are none, so that the run would be refused.
    """
    entries = sum(len(each.labels) for each in sample)
    for why in _reasons(sample, request, task) if entries else ():
        if is_whole:
            raise why.error()
        yield of_first(entries, f"{why.message} ({why.hint})")


def of_first(entries: int, told: str) -> str:
    """Return what is told of a sample of so many entries."""
    return f"of the first {entries} entries looked at: {told}"


def known_labels(sample: Sequence[SampledEntries], request: Request) -> SampledLabels:
    """Return the different labels of a sample; none if labels.txt gives each file its own.

    With `nevts` it depends on the cuts which of the first entries are used.
    """
    if request.labels.values or not sample:
        return SampledLabels()
    labels = np.concatenate([each.labels for each in sample])
    rows = np.unique(labels.reshape(len(labels), -1), axis=0)
    if len(rows) > _MOST_ROWS:
        ends = np.concatenate((rows.argmin(axis=0), rows.argmax(axis=0)))
        some = np.linspace(0, len(rows) - 1, _MOST_ROWS).astype(np.int64)
        rows = rows[np.union1d(some, ends)]
    return SampledLabels(rows=tuple(map(tuple, rows.tolist())), are_used=request.params.nevts < 0)


def _reasons(
    sample: Sequence[SampledEntries], request: Request, task: Task | None
) -> Iterator[Reason]:
    labels = np.concatenate([each.labels for each in sample])
    classifies = _classifies(labels, request, task)
    if classifies and not request.labels.values and (labels == labels[0]).all():
        yield Reason(
            message=f"all entries have label {labels[0]:g}: there is nothing to tell apart",
            hint="labels.txt should give at least two classes, and cuts should leave both",
            branch=request.labels.expression,
        )
    parted = [(each.parts, each.labels, each.weights) for each in sample if each.parts is not None]
    if parted:
        counts = PartCounts.of(parted)
        found = counts if classifies else counts.without_labels()
        reason = unusable(found, request.params.splitting, request.labels.classes)
        yield from filter(None, [reason])


def _classifies(labels: Array, request: Request, task: Task | None) -> bool:
    """Tell whether a label is a class: the request says it, or the model, or the labels."""
    if labels.ndim > 1:
        return False
    asked = request.params.task or task
    if asked in OF_CLASSES:
        return True
    two = any(set(np.unique(labels[:1_000_000]).tolist()) <= pair for pair in _TWO_CLASSES)
    return not request.params.task and two
