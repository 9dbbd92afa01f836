"""How the values of each branch are spread, before and after normalisation."""

from dataclasses import dataclass

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
        self._counts = np.zeros((len(self.features), BINS), np.int64)

    def add(self, chunk: Chunk) -> None:
        """Count the values of a chunk."""
        for start in range(0, chunk.shape.entries, _ROWS):
            rows = slice(start, min(start + _ROWS, chunk.shape.entries))
            self._add(chunk.x[rows], _mask(chunk, rows))

    def _add(self, x: Matrix, mask: Mask) -> None:
        for row, feature in enumerate(self.features):
            columns = slice(feature.start, feature.start + feature.width)
            values = x[:, columns][mask[:, columns] == 0]
            if feature.low == feature.high:
                self._counts[row, BINS // 2] += len(values)
            else:
                bins = np.clip((values * BINS).astype(np.int64), 0, BINS - 1)
                self._counts[row] += np.bincount(bins, minlength=BINS)

    def result(self) -> tuple[Histogram, ...]:
        """Return one histogram a branch."""
        return tuple(
            Histogram(name=feature.name, counts=counts, before=before, after=after)
            for feature, counts in zip(self.features, self._counts, strict=True)
            for before, after in [_edges(feature)]
        )


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
