"""How sure a share is that was counted, or summed up from weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Sums:
    """Weights of entries by bin; where all count alike, both are how many there are."""

    weights: Floats  #: their sum
    squares: Floats  #: the sum of their squares: the variance of `weights`

    @classmethod
    def of(cls, where: NDArray[np.intp], weights: Floats, bins: int) -> "Sums":
        """Return the sums of entries that lie in the bins `where`."""
        sums = (np.bincount(where, each, bins) for each in (weights, weights**2))
        return cls(*(each.astype(np.float64) for each in sums))

    @property
    def typical(self) -> Floats:
        """Return the weight of an entry by bin: of all bins together where one holds nothing."""
        usual = self.squares.sum() / self.weights.sum()
        found: Floats = np.full(len(self.weights), usual)
        np.divide(self.squares, self.weights, out=found, where=self.weights > 0)
        return found


def share_interval(found: Sums, others: Sums) -> tuple[Floats, Floats]:
    """Return the ends between which the share of `found` in both lies, in 68.3 of 100 cases.

    E. B. Wilson's interval of one standard deviation (J. Am. Stat. Assoc. 22 (1927) 209; how often
    it holds: L. D. Brown, T. T. Cai, A. DasGupta, Statistical Science 16 (2001) 101). Each side
    counts as many entries as (sum w)^2 / sum w^2, all of one weight, so that the interval is never
    empty and stays within 0 and 1; for many entries it is that of the propagated weights.
    Where negative weights leave less than nothing of a side, it is those, symmetric.
    """
    low, high = _propagated(found, others)
    is_plain = (found.weights >= 0) & (others.weights >= 0)
    own, other = found.typical, others.typical
    ends = _wilson(found.weights / own, others.weights / other)
    # a share of entries, as one of their weights
    inner = [end * own / (end * own + (1 - end) * other) for end in ends]
    return np.where(is_plain, inner[0], low), np.where(is_plain, inner[1], high)


def _wilson(found: Floats, others: Floats) -> tuple[Floats, Floats]:
    entries = found + others
    share = found / entries
    centre = share + 1 / (2 * entries)
    half = np.sqrt(share * (1 - share) / entries + 1 / (4 * entries**2))
    scale = 1 + 1 / entries
    return np.maximum(centre - half, 0) / scale, np.minimum((centre + half) / scale, 1)


def _propagated(found: Sums, others: Sums) -> tuple[Floats, Floats]:
    total = found.weights + others.weights
    share = found.weights / total
    error = np.sqrt((1 - share) ** 2 * found.squares + share**2 * others.squares) / total
    return share - error, share + error
