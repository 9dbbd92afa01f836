"""Which entries of a chunk train, validate and test; the same for the same seed and chunk."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int32]
TEST_SHARE = 0.2  #: held out when metrics are wanted, as the ancestor does


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Row numbers of a chunk, each in one of three sets, rising."""

    train: Index
    validation: Index
    test: Index

    @classmethod
    def of(
        cls,
        labels: NDArray[np.float32],
        *,
        seed: int,
        chunk: int,
        validation: float,
        test: float = 0.0,
        stratified: bool = False,
    ) -> "Split":
        """Return the split of a chunk with these labels.

        Args:
            seed: of the request.
            chunk: index of the chunk.
            validation: share of what is not held out.
            test: share that is held out.
            stratified: whether each set keeps the share of each label, to one entry.
        """
        order = np.random.default_rng([seed, chunk]).permutation(len(labels)).astype(np.int32)
        if stratified:
            order = order[np.argsort(labels[order], kind="stable")]
        held_out, rest = _every(order, test)
        validating, training = _every(rest, validation)
        if not len(training):
            training, validating = validating, training
        return cls(train=np.sort(training), validation=np.sort(validating), test=np.sort(held_out))


def _every(order: Index, share: float) -> tuple[Index, Index]:
    """Return `share` of the items, taken at equal distances, and the others."""
    steps = np.floor(np.arange(len(order) + 1) * share + 0.5)
    picked = np.diff(steps) > 0
    return order[picked], order[~picked]
