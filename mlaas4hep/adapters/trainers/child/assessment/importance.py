"""What a model looks at: how much worse it becomes when the values of one branch are shuffled.

The entries are held out. All columns of a branch are shuffled together, so that each entry gets
the branch of another one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.splitchunk import SplitChunk
from mlaas4hep.adapters.trainers.framework import Block, Floats, Model
from mlaas4hep.core.data.planning.parts import Parts
from mlaas4hep.core.models.training import BranchColumns

REPEATS = 3
MOST_ENTRIES = 10_000
_BUDGET = 3_000_000  #: entries that are predicted, over all branches and repeats
_FEWEST = 100  #: entries that say something

Figure = Callable[[Floats, Floats, Floats | None], float | None]  #: of labels, outputs, weights


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutEntries:
    """Entries that were not learned from."""

    name: str  #: of the part: "test" or "val"
    x: Floats
    labels: Floats
    weights: Floats | None
    folds: Parts | None = None  #: of several models, which one predicts each

    def block(self, x: Floats) -> Block:
        """Return all of them with other inputs."""
        rows = np.arange(len(x), dtype=np.int32)
        return Block(x=x, y=self.labels, order=rows, folds=self.folds)

    def at(self, rows: NDArray[np.integer[Any]]) -> "HeldOutEntries":
        """Return some of them."""
        return HeldOutEntries(
            name=self.name,
            x=self.x[rows],
            labels=self.labels[rows],
            weights=None if self.weights is None else self.weights[rows],
            folds=None if self.folds is None else self.folds[rows],
        )


class KeptEntries:
    """Held-out entries of all chunks: those that test if there are any, else those that validate."""

    def __init__(self, chunks: int) -> None:
        self._most = max(1, -(-MOST_ENTRIES // chunks))  #: of a chunk
        self._found: dict[str, list[HeldOutEntries]] = {"test": [], "val": []}

    def add(self, chunk: SplitChunk) -> None:
        """Keep a share of the chunk's entries."""
        for name, rows in (("test", chunk.split.test), ("val", chunk.split.validation)):
            chosen = rows[: self._most]
            if len(chosen):
                every = HeldOutEntries(
                    name=name,
                    x=chunk.x,
                    labels=chunk.labels,
                    weights=chunk.physical,
                    folds=chunk.block(chosen).folds,
                )
                self._found[name].append(every.at(chosen))

    def entries(self) -> HeldOutEntries | None:
        """Return the held-out entries; None if there are none."""
        name = next((name for name, found in self._found.items() if found), "")
        if not name:
            return None
        found = self._found[name]
        weights = [each.weights for each in found if each.weights is not None]
        folds = [each.folds for each in found if each.folds is not None]
        return HeldOutEntries(
            name=name,
            x=np.concatenate([each.x for each in found]),
            labels=np.concatenate([each.labels for each in found]),
            weights=np.concatenate(weights) if weights else None,
            folds=np.concatenate(folds) if folds else None,
        )


def importance(
    model: Model,
    held_out: HeldOutEntries,
    branches: Sequence[BranchColumns],
    figure: Figure,
    seed: int,
) -> dict[str, Any] | None:
    """Return how much `figure` falls for each branch, the largest first; None if nobody can tell.

    Args:
        model: trained.
        held_out: entries.
        branches: and their columns.
        figure: of the scores; more is better.
        seed: of the request.
    """
    held_out = _fewer(held_out, len(branches))
    if len(held_out.x) < _FEWEST:
        return None
    whole = figure(held_out.labels, model.predict(held_out.block(held_out.x)), held_out.weights)
    if whole is None:
        return None
    found = [_of_branch(model, held_out, one, figure, whole, seed) for one in branches]
    found.sort(key=lambda each: -each["drop"])
    return {
        "held_out": held_out.name,
        "entries": len(held_out.x),
        "repeats": REPEATS,
        "whole": whole,
        "branches": found,
    }


def _of_branch(  # noqa: PLR0917 - all that a comparison needs
    model: Model,
    held_out: HeldOutEntries,
    branch: BranchColumns,
    figure: Figure,
    whole: float,
    seed: int,
) -> dict[str, Any]:
    columns = slice(branch.start, branch.start + branch.width)
    drops = []
    for repeat in range(REPEATS):
        random = np.random.default_rng([seed, branch.start, repeat])
        x = held_out.x.copy()
        x[:, columns] = held_out.x[random.permutation(len(x)), columns]
        left = figure(held_out.labels, model.predict(held_out.block(x)), held_out.weights)
        drops.append(whole - (whole if left is None else left))
    return {
        "branch": branch.name,
        "drop": float(np.mean(drops)),
        "error": float(np.std(drops, ddof=1) / np.sqrt(REPEATS)),
    }


def _fewer(held_out: HeldOutEntries, branches: int) -> HeldOutEntries:
    most = min(MOST_ENTRIES, max(_FEWEST, _BUDGET // (REPEATS * max(branches, 1))))
    if len(held_out.x) <= most:
        return held_out
    rows = np.linspace(0, len(held_out.x) - 1, most).astype(np.int64)
    return held_out.at(rows)
