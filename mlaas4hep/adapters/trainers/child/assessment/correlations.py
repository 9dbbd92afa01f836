"""How much branches with one value an entry go together: Pearson's correlation of each pair."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.assessment.histograms import chunk_mask
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.core.data.chunk import Chunk
from mlaas4hep.core.models.training import Feature

MOST_BRANCHES = 60  #: the first ones; more cannot be seen in one picture
_ROWS = 16_384  #: looked at at a time
_LEAST_SPREAD = 1e-12  #: of values in [0, 1]: less is constant


class Correlations:
    """Sums chunk by chunk; of each pair, entries count in which both values are there."""

    def __init__(self, features: tuple[Feature, ...]) -> None:
        flat = [feature for feature in features if feature.width == 1]
        self.names = tuple(feature.name for feature in flat[:MOST_BRANCHES])
        self._columns = np.array([feature.start for feature in flat[:MOST_BRANCHES]], np.intp)
        shape = (len(self.names), len(self.names))
        self._there, self._first, self._square, self._product = np.zeros((4, *shape))

    def add(self, chunk: Chunk, weights: Floats | None = None) -> None:
        """Add the values of a chunk, with the weights of its entries if there are any."""
        if not self.names:
            return
        for start in range(0, chunk.shape.entries, _ROWS):
            rows = slice(start, min(start + _ROWS, chunk.shape.entries))
            own = None if weights is None else np.asarray(weights[rows], np.float64)[:, None]
            there = chunk_mask(chunk, rows)[:, self._columns] == 0
            values = np.where(there, chunk.x[rows][:, self._columns], 0.0).astype(np.float64)
            weighted = values if own is None else values * own
            self._product += weighted.T @ values
            if there.all():  # as mostly: sums of columns say what products with ones would
                self._there += len(values) if own is None else own.sum()
                self._first += weighted.sum(axis=0)[:, None]
                self._square += (weighted * values).sum(axis=0)[:, None]
            else:
                self._sum(values, weighted, there.astype(np.float64), own)

    def _sum(
        self,
        values: NDArray[np.float64],
        weighted: NDArray[np.float64],
        there: NDArray[np.float64],
        own: NDArray[np.float64] | None,
    ) -> None:
        self._there += (there if own is None else there * own).T @ there
        self._first += weighted.T @ there
        self._square += (weighted * values).T @ there

    def result(self) -> dict[str, Any]:
        """Return names and matrix; None where a value never changes or too little is there."""
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = self._first / self._there
            spread = self._square / self._there - mean**2
            both = self._product / self._there - mean * mean.T
            found = both / np.sqrt(spread * spread.T)
        known = (spread > _LEAST_SPREAD) & (spread.T > _LEAST_SPREAD) & np.isfinite(found)
        matrix = np.clip(found, -1, 1).tolist()
        return {
            "branches": list(self.names),
            "matrix": [
                [value if good else None for value, good in zip(row, goods, strict=True)]
                for row, goods in zip(matrix, known.tolist(), strict=True)
            ],
        }
