"""Which entries train, validate and test: each entry's own draw decides, and the seed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.planning.draws import Draws, shares

Index = NDArray[np.int32]
TEST_SHARE = 0.2  #: held out when metrics are wanted, as the ancestor does


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Row numbers of a chunk, each in one of three sets, rising."""

    train: Index
    validation: Index
    test: Index

    @classmethod
    def of(cls, draws: Draws, *, seed: int, validation: float, test: float = 0.0) -> "Split":
        """Return the split of a chunk.

        Shares hold over the whole sample and for each class, as well as chance lets them. An
        entry is in the same set whatever chunk it is in.

        Args:
            draws: of the chunk's entries.
            seed: of the request.
            validation: share of what is not held out.
            test: share that is held out.
        """
        place = shares(draws, seed)
        training = place >= test + (1 - test) * validation
        validating = (place >= test) & ~training
        testing = place < test
        if not training.any():  # of a few entries; something must train
            training, validating = validating, training
        if not training.any():
            training, testing = testing, training
        return cls(train=_rows(training), validation=_rows(validating), test=_rows(testing))

    @classmethod
    def by_parts(
        cls, validating: NDArray[np.bool_], draws: Draws, *, seed: int, test: float = 0.0
    ) -> "Split":
        """Return the split of a chunk in which a person says who validates.

        Args:
            validating: of the chunk's entries.
            draws: decide who is held out, whatever part an entry is in.
            seed: of the request.
            test: share that is held out.
        """
        held_out = shares(draws, seed) < test
        return cls(
            train=_rows(~held_out & ~validating),
            validation=_rows(~held_out & validating),
            test=_rows(held_out),
        )

    @classmethod
    def of_fold(cls, folds: NDArray[np.uint8], fold: int | None) -> "Split":
        """Return the split of a chunk as the model of one fold sees it: that fold validates.

        None: as all models together see it, where every entry trains and validates.
        """
        every = np.ones(len(folds), np.bool_)
        validating = every if fold is None else folds == fold
        training = every if fold is None else folds != fold
        return cls(train=_rows(training), validation=_rows(validating), test=_rows(~every))

    def without(self, dropped: NDArray[np.bool_] | None) -> "Split":
        """Return the split without some entries; `dropped` is of all entries of the chunk."""
        if dropped is None or not dropped.any():
            return self
        return Split(
            train=self.train[~dropped[self.train]],
            validation=self.validation[~dropped[self.validation]],
            test=self.test[~dropped[self.test]],
        )


def _rows(chosen: NDArray[np.bool_]) -> Index:
    return np.flatnonzero(chosen).astype(np.int32)
