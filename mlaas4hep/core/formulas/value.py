"""What lies on the stack of the machine: a number, a value an entry, or a row an entry."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array, Jagged, Offsets


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Something on the stack: a number, a value an entry, or (with `offsets`) a row an entry."""

    data: Any
    offsets: Offsets | None = None
    origin: str = ""  #: the branch that the offsets come from
    places_in: Offsets | None = None  #: the rows inside which the numbers are places

    @classmethod
    def of_rows(cls, rows: Jagged, origin: str, places_in: Offsets | None = None) -> "Value":
        """Return rows as a value."""
        return cls(data=rows.content, offsets=rows.offsets, origin=origin, places_in=places_in)

    @property
    def rows(self) -> Jagged:
        """Return the rows that it is."""
        assert self.offsets is not None  # noqa: S101  asked only of rows
        return Jagged(content=np.asarray(self.data), offsets=self.offsets)

    @property
    def lengths(self) -> Array:
        """Return the length of each row."""
        return np.empty(0) if self.offsets is None else np.diff(self.offsets)

    @property
    def kind(self) -> str:
        """Return that of its dtype: b for conditions, i for whole numbers, U for texts."""
        return np.asarray(self.data).dtype.kind

    def along(self, offsets: Offsets | None) -> Any:
        """Return what goes with each value inside the rows that `offsets` describe."""
        if offsets is None or self.offsets is not None or np.ndim(self.data) == 0:
            return self.data
        return np.repeat(self.data, np.diff(offsets))
