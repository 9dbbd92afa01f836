"""Whether rows of several callers may be asked together: not where one changes another's answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.errors import InvalidRequestError

_CHECKED = 3  #: invocations with rows of several questions that are compared with rows alone
_ALIKE = 1e-2  #: relative difference that rounding may make, in half precision, too

Outputs = Mapping[str, Array]


@dataclass(slots=True)
class Independence:
    """What was found out about a loaded model: the first times, some rows are asked about twice."""

    unchecked: int = _CHECKED
    is_broken: bool = False  #: rows are asked about alone from now on

    def check(self, together: Outputs, rows: int, alone: Callable[[], Outputs]) -> None:
        """Compare the answers for the first rows with those that they get alone.

        Raises:
            InvalidRequestError: they differ, so that nobody may be answered with `together`.
        """
        if not self.unchecked:
            return
        self.unchecked -= 1
        for name, values in alone().items():
            if not _are_alike(together[name][:rows], values):
                self.is_broken = True
                raise InvalidRequestError("the model's rows change each other's answers")


def _are_alike(some: Array, others: Array) -> bool:
    if some.shape != others.shape:
        return False
    if some.dtype.kind not in "fc":
        return bool(np.array_equal(some, others))
    scale = _ALIKE * float(np.max(np.abs(others), initial=0, where=np.isfinite(others)))
    return bool(np.allclose(some, others, rtol=_ALIKE, atol=scale * _ALIKE, equal_nan=True))
