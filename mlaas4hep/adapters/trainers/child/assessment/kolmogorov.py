"""How likely two samples of one distribution lie as far apart as these: Kolmogorov-Smirnov.

By hand, since importing `scipy.stats` takes longer than everything else at the end of a training.
"""

import math

import numpy as np

_ALIKE = 0.2  #: below, the limit is 1 to the last bit
_TERMS = 40  #: more than doubles can tell apart above it
_ROUNDING = 1e-9  #: 1 - p says nothing about smaller p


def exact(distance: float, first: int, second: int) -> float:
    """Return the probability that samples of so many values are at least `distance` apart.

    Merging both samples value by value walks from (0, 0) to (first, second). The samples are closer
    if the walk stays where |i / first - j / second| < distance; Hodges counts such walks to (i, j)
    row by row. Here they are counted in units of all walks to the end, and of powers of two.
    """
    rows, columns = sorted((first, second))
    units = round(distance * rows * columns)  # distances are multiples of 1 / (rows * columns)
    walks = (np.arange(columns + 1) * rows < units).astype(np.float64)
    exponent = 0
    for row in range(1, rows + 1):
        low = max((row * columns - units) // rows + 1, 0)
        high = min((row * columns + units - 1) // rows, columns) + 1
        walks[:low] = walks[high:] = 0.0
        band = np.cumsum(walks[low:high] * (row / (row + columns)))
        scale = math.frexp(band[-1])[1] if len(band) else 0
        walks[low:high] = np.ldexp(band, -scale)
        exponent += scale
    farther = 1.0 - math.ldexp(float(walks[-1]), exponent)
    return farther if farther > _ROUNDING else limit(distance, rows * columns / (rows + columns))


def limit(distance: float, entries: float) -> float:
    """Return the probability that large samples are at least `distance` apart.

    It is what ROOT's `TMath::KolmogorovProb` gives.

    Args:
        distance: of both distributions.
        entries: what samples of m and n values count as: m n / (m + n).
    """
    z = distance * math.sqrt(entries)
    if z < _ALIKE:
        return 1.0
    terms = ((-1.0) ** (k - 1) * math.exp(-2 * (k * z) ** 2) for k in range(1, _TERMS))
    return min(max(2 * float(sum(terms)), 0.0), 1.0)
