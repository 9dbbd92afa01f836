"""The bytes of a tree, of which numbers of all branches are taken together."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


class TreeBytes:
    """The bytes of a tree, of which numbers of all branches are taken together."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._views: dict[str, NDArray[Any]] = {}

    def take(self, places: Numbers, kind: str = ">u4") -> Numbers:
        """Return the numbers at these places.

        Raises:
            IndexError: one is outside of the bytes.
        """
        if kind not in self._views:
            count = max(len(self.data) - np.dtype(kind).itemsize + 1, 0)
            self._views[kind] = np.ndarray((count,), kind, self.data, 0, (1,))
        return self._views[kind][places].astype(np.int64)

    def texts(self, places: Numbers, length: int) -> list[bytes]:
        """Return so many bytes from each of these places."""
        count = max(len(self.data) - length + 1, 0)
        view: NDArray[Any] = np.ndarray((count,), f"V{length}", self.data, 0, (1,))
        return view[places].tolist()  # type: ignore[no-any-return]
