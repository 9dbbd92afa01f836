"""How much each entry counts: the sums that specs measure, and what a training makes of weights.

A weight is the value of an expression, times the number of the entry's file. With cross sections,
the weights of a sample (before cuts) are scaled so that they sum up to cross section x luminosity.
Weights are stored with the chunks; what only a training needs (`TrainingWeights`) is not.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.data.weighting import Negative, TrainingWeights

Weights = NDArray[np.float32]
MOST_LABELS = 100  #: more different ones are no classes, and are summed up together


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSum:
    """Weights of entries of one file, summed up: of those with one label, or of all."""

    file: int
    label: float | None  #: of entries that pass; None: of all, before cuts
    entries: int
    positive: float
    negative: float = 0.0  #: at most 0
    invalid: int = 0  #: NaN or infinite ones, which are not in the sums
    below: int = 0  #: of `entries`, those of which the weight is negative

    def total(self, negative: Negative) -> float:
        """Return the sum, with negative weights as they are wanted."""
        return self.positive + {"keep": self.negative, "abs": -self.negative, "drop": 0.0}[negative]

    def counted(self, negative: Negative) -> int:
        """Return how many entries count, with negative weights as they are wanted."""
        return self.entries - (self.below if negative == "drop" else 0)


def summed(weights: Array, *, file: int, label: float | None) -> WeightSum:
    """Return the sums of weights, shape (entries,)."""
    finite = weights[np.isfinite(weights)].astype(np.float64)
    return WeightSum(
        file=file,
        label=label,
        entries=len(weights),
        positive=float(finite[finite > 0].sum()),
        negative=float(finite[finite < 0].sum()),
        invalid=len(weights) - len(finite),
        below=int((finite < 0).sum()),
    )


def summed_by_label(weights: Array, labels: Array, *, file: int) -> Iterable[WeightSum]:
    """Yield the sums for each label; too many different ones are summed up as label 0."""
    values = np.unique(labels)
    if len(values) > MOST_LABELS:
        labels, values = np.zeros(len(labels)), np.zeros(1)
    for value in values:
        yield summed(weights[labels == value], file=file, label=float(value))


def joined_sums(parts: Iterable[WeightSum]) -> tuple[WeightSum, ...]:
    """Return one sum for each file and label; the order of the parts does not matter."""
    together: dict[tuple[int, bool, float], list[WeightSum]] = {}
    for part in parts:
        key = (part.file, part.label is not None, part.label or 0.0)
        together.setdefault(key, []).append(part)
    return tuple(
        WeightSum(
            file=key[0],
            label=found[0].label,
            entries=sum(one.entries for one in found),
            positive=math.fsum(one.positive for one in found),
            negative=math.fsum(one.negative for one in found),
            invalid=sum(one.invalid for one in found),
            below=sum(one.below for one in found),
        )
        for key, found in sorted(together.items())
    )


def physical(how: TrainingWeights, stored: Weights | None) -> Weights | None:
    """Return the weights that figures count with; None if all count alike."""
    if stored is None or how.negative == "keep":
        return stored
    return np.abs(stored) if how.negative == "abs" else np.maximum(stored, np.float32(0))


def dropped(how: TrainingWeights, stored: Weights | None) -> NDArray[np.bool_] | None:
    """Tell for each entry whether it is left out; None: nobody is."""
    return stored < 0 if stored is not None and how.negative == "drop" else None


def of_loss(
    how: TrainingWeights, stored: Weights | None, labels: NDArray[np.float32], *, learns: bool
) -> Weights | None:
    """Return the weights of entries in the loss, shape (n,).

    Args:
        how: they are made.
        stored: with the chunk.
        labels: of the entries.
        learns: whether the loss is of what is learned from, or of what validates.
    """
    if not how.is_used:
        return None
    own = physical(how, stored)
    weights = np.ones(len(labels), np.float32) if own is None else own.copy()
    weights *= np.float32(how.scale)
    for label, factor in (*how.classes, *(how.learned if learns else ())):
        weights[labels == label] *= np.float32(factor)
    return weights
