"""How the values of each branch are spread, before and after normalisation."""

from dataclasses import dataclass
from typing import Any

import boost_histogram as bh
import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.chunk import Chunk
from mlaas4hep.core.data.matrix import Mask, Matrix, expand_mask
from mlaas4hep.core.models.training import Feature

BINS = 50
_ROWS = 16_384  #: looked at at a time
MOST_BRANCHES = 400  #: more are not drawn; a line in the log says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """One histogram with two axes: normalising is a change of units."""

    name: str
    counts: NDArray[np.int64]
    before: NDArray[np.float64]  #: edges in the units of the branch
    after: NDArray[np.float64]  #: edges as the network sees them


class Histograms:
    """Counts chunk by chunk; padding and missing values are left out."""

    def __init__(self, features: tuple[Feature, ...]) -> None:
        self.features = features[:MOST_BRANCHES]
        self.left_out = len(features) - len(self.features)
        self._filled = [bh.Histogram(bh.axis.Regular(BINS, 0, 1)) for _ in self.features]

    def add(self, chunk: Chunk) -> None:
        """Count the values of a chunk."""
        for start in range(0, chunk.shape.entries, _ROWS):
            rows = slice(start, min(start + _ROWS, chunk.shape.entries))
            self._add(chunk.x[rows], _mask(chunk, rows))

    def _add(self, x: Matrix, mask: Mask) -> None:
        for filled, feature in zip(self._filled, self.features, strict=True):
            columns = slice(feature.start, feature.start + feature.width)
            values = x[:, columns][mask[:, columns] == 0]
            is_constant = feature.low == feature.high  # then it is not normalised
            filled.fill(np.full(len(values), 0.5) if is_constant else values)

    def result(self) -> tuple[Histogram, ...]:
        """Return one histogram a branch."""
        return tuple(
            Histogram(name=feature.name, counts=_counts(filled), before=before, after=after)
            for feature, filled in zip(self.features, self._filled, strict=True)
            for before, after in [_edges(feature)]
        )


def _counts(filled: "bh.Histogram[Any]") -> NDArray[np.int64]:
    """Return the counts by bin; what lies outside counts into the first or the last."""
    below, *inside, above = filled.view(flow=True)
    counts = np.array(inside, np.int64)
    counts[0] += int(below)
    counts[-1] += int(above)
    return counts


def _mask(chunk: Chunk, rows: slice) -> Mask:
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
