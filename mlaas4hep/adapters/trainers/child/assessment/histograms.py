"""How the values of each branch are spread, before and after normalisation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boost_histogram as bh
import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.core.data.chunk import Chunk
from mlaas4hep.core.data.matrix import Mask, Matrix, expand_mask
from mlaas4hep.core.models.training import Feature

BINS = 50
_MOST_CLASSES = 20
_ROWS = 16_384  #: looked at at a time
MOST_BRANCHES = 400  #: more are not drawn; a line in the log says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """One histogram with two axes: normalising is a change of units."""

    name: str
    counts: NDArray[Any]  #: values, or sums of the weights of their entries
    before: NDArray[np.float64]  #: edges in the units of the branch
    after: NDArray[np.float64]  #: edges as the network sees them
    by_class: Mapping[int, NDArray[Any]]  #: counts of the entries of each class
    variances: NDArray[Any] | None = None  #: of `counts`; None: entries are counted
    variances_by_class: Mapping[int, NDArray[Any]] = field(default_factory=dict)


class Histograms:
    """Counts chunk by chunk; padding and missing values are left out."""

    def __init__(self, features: tuple[Feature, ...], *, weighted: bool = False) -> None:
        self._weighted = weighted
        self.features = features[:MOST_BRANCHES]
        self.left_out = len(features) - len(self.features)
        self._filled = [_empty(weighted=weighted) for _ in self.features]
        self._has_classes = True  #: until a label is seen that numbers none

    def add(self, chunk: Chunk, labels: Floats, weights: Floats | None = None) -> None:
        """Count the values of a chunk, with the weights of its entries if there are any."""
        self._has_classes = self._has_classes and _are_classes(labels)
        numbers = labels if self._has_classes else np.zeros(len(labels))
        classes = np.rint(numbers).astype(np.int64)
        for start in range(0, chunk.shape.entries, _ROWS):
            rows = slice(start, min(start + _ROWS, chunk.shape.entries))
            own = None if weights is None else weights[rows, None]
            self._add(chunk.x[rows], chunk_mask(chunk, rows), classes[rows, None], own)

    def _add(
        self, x: Matrix, mask: Mask, classes: NDArray[np.int64], weights: Floats | None
    ) -> None:
        for filled, feature in zip(self._filled, self.features, strict=True):
            columns = slice(feature.start, feature.start + feature.width)
            there = mask[:, columns] == 0
            values = x[:, columns][there]
            is_constant = feature.low == feature.high  # then it is not normalised
            filled.fill(
                np.full(len(values), 0.5) if is_constant else values,
                np.broadcast_to(classes, there.shape)[there],
                weight=None if weights is None else np.broadcast_to(weights, there.shape)[there],
            )

    def result(self) -> tuple[Histogram, ...]:
        """Return one histogram a branch."""
        return tuple(
            self._histogram(feature, filled)
            for feature, filled in zip(self.features, self._filled, strict=True)
        )

    def _histogram(self, feature: Feature, filled: "bh.Histogram[Any]") -> Histogram:
        before, after = _edges(feature)
        classes = tuple(filled.axes[1]) if self._has_classes else ()
        found: Any = filled.view(flow=True)
        counts = _counts(found["value"] if self._weighted else found, whole=not self._weighted)
        more: dict[str, Any] = {}
        if self._weighted:
            variances = _counts(found["variance"])
            more = {
                "variances": variances.sum(axis=1),
                "variances_by_class": _of_each(classes, variances),
            }
        by_class = _of_each(classes, counts)
        return Histogram(
            name=feature.name,
            counts=counts.sum(axis=1),
            before=before,
            after=after,
            by_class=by_class,
            **more,
        )


def _of_each(classes: tuple[int, ...], counts: NDArray[Any]) -> dict[int, NDArray[Any]]:
    return {one: counts[:, classes.index(one)] for one in sorted(classes)}


def _empty(*, weighted: bool) -> "bh.Histogram[Any]":
    storage = bh.storage.Weight() if weighted else bh.storage.Double()
    axes = bh.axis.Regular(BINS, 0, 1), bh.axis.IntCategory([], growth=True)
    return bh.Histogram(*axes, storage=storage)


def _are_classes(labels: NDArray[np.floating[Any]]) -> bool:
    """Tell whether labels are few whole numbers, as classes have, and not what is measured."""
    if labels.ndim > 1:  # several labels: an entry has no class
        return False
    found = np.unique(labels)
    return bool(len(found) <= _MOST_CLASSES and np.array_equal(found, np.rint(found)))


def _counts(found: NDArray[Any], *, whole: bool = False) -> NDArray[Any]:
    """Return the counts by bin and class; what lies outside counts into the first or last bin."""
    below, *inside, above = found
    counts = np.array(inside, np.float64)
    counts[0] += below
    counts[-1] += above
    return counts.astype(np.int64) if whole else counts


def chunk_mask(chunk: Chunk, rows: slice) -> Mask:
    """Return the mask of some rows; that of a whole chunk may be large."""
    width = chunk.shape.width
    first, last = np.searchsorted(chunk.holes, (rows.start * width, rows.stop * width))
    mask = np.empty((rows.stop - rows.start, width), np.uint8)
    holes = chunk.holes[first:last] - rows.start * width
    expand_mask(chunk.shape.flat, chunk.shape.widths, chunk.counts[:, rows], holes, mask)
    return mask


def _edges(feature: Feature) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if feature.low == feature.high:  # constant: not normalised
        edges = np.linspace(feature.low - 0.5, feature.low + 0.5, BINS + 1)
        return edges, edges
    after = np.linspace(0, 1, BINS + 1)
    return feature.low + after * (feature.high - feature.low), after
