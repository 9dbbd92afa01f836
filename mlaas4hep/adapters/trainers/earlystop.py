"""When boosting stops: after some rounds in which the validation became no better."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStop:
    """The best round so far."""

    patience: int  #: rounds without a better one; 0: never stop
    least: float = 0.0  #: by which a round must be better to count as better
    best_round: int = -1
    best_value: float = 0.0

    def anew(self) -> Self:
        """Return the state before the first round."""
        return replace(self, best_round=-1, best_value=0.0)

    def best(self) -> NDArray[np.float64]:
        """Return the best round and its value, for a checkpoint; shape (2,)."""
        return np.array([self.best_round, self.best_value])

    def from_best(self, best: NDArray[Any]) -> Self:
        """Return the state after the round that `best` told."""
        number, value = best
        return replace(self, best_round=int(number), best_value=float(value))

    def after(self, number: int, value: float, *, higher_is_better: bool) -> Self:
        """Return what is best after a round with this value."""
        gain = value - self.best_value if higher_is_better else self.best_value - value
        if self.best_round < 0 or gain > self.least:
            return replace(self, best_round=number, best_value=value)
        return self

    @property
    def kept_round(self) -> int | None:
        """Return the round that a model goes back to; None: it keeps all."""
        return self.best_round if self.patience and self.best_round >= 0 else None

    def is_over(self, number: int) -> bool:
        """Tell whether round `number` is the last one."""
        return 0 < self.patience <= number - self.best_round
