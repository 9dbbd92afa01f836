"""A `fit` that model.py wrote: called block by block, as the ancestor calls it."""

import inspect
from typing import Any

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.framework import Block, RoundMetrics
from mlaas4hep.adapters.trainers.keras.engine import named_numbers
from mlaas4hep.adapters.trainers.keras.targets import Targets


class OwnFit:
    """Calls `fit(x, y, epochs=1, …)` for each block of an epoch, and remembers what it tells."""

    def __init__(
        self, model: Any, target: Targets, batch_size: int, weighted: bool = False
    ) -> None:
        self._model = model
        self._target = target
        self._keywords = {"epochs": 1, "batch_size": batch_size, "shuffle": False, "verbose": 0}
        self._weighted = weighted
        self._sums: RoundMetrics = {}
        self._entries = 0

    def check(self) -> None:
        """Refuse a `fit` that cannot be called so.

        Raises:
            TrainingError: says how to write it.
        """
        try:
            weights = {"sample_weight": None} if self._weighted else {}
            inspect.signature(self._model.fit).bind(None, None, **self._keywords, **weights)
        except TypeError as error:
            raise TrainingError(
                f"{MODEL_FILE}: the model's own `fit` cannot be called as Keras's is: {error}",
                "def fit(self, x, y, **keywords): …; it gets epochs, batch_size, shuffle, verbose",
            ) from error

    def learn(self, block: Block) -> None:
        """Let it learn from the rows of a block."""
        y = self._target.shaped(block.y[block.order])
        weights = {}
        if self._weighted and block.weights is not None:
            weights = {"sample_weight": block.weights[block.order]}
        told = self._model.fit(block.x[block.order], y, **self._keywords, **weights)
        history = getattr(told, "history", told)
        last = (
            {name: series[-1] for name, series in history.items()}
            if isinstance(history, dict)
            else {}
        )
        entries = len(block.order)
        for name, value in named_numbers(last, self._target.classes).items():
            self._sums[name] = self._sums.get(name, 0.0) + entries * value
        self._entries += entries

    def metrics(self) -> RoundMetrics:
        """Return the means over the entries of what it told, and begin anew."""
        means = {name: value / self._entries for name, value in self._sums.items()}
        self._sums, self._entries = {}, 0
        return means
