"""Three entries that formulas are computed of."""

import numpy as np

from mlaas4hep.core.data.columns import Columns, Jagged

OFFSETS = np.array([0, 2, 2, 3])
COLUMNS = Columns(
    entries=3,
    flat={
        "n": np.array([0, 2, 200], dtype=np.uint8),
        "x": np.array([1.5, np.nan, -2.0], dtype=np.float32),
        "ok": np.array([True, False, True]),
        "event": np.array([2**60 + 1, 2**60 + 2, 3], dtype=np.uint64),
        "lep.pt": np.array([10.0, 20.0, 30.0]),
        "a/b": np.array([1, 2, 3]),
    },
    jagged={
        "pt": Jagged(content=np.array([10, 20, 30], dtype=np.float32), offsets=OFFSETS),
        "eta": Jagged(content=np.array([1, -2, 0], dtype=np.float32), offsets=OFFSETS),
        "other": Jagged(content=np.array([1.0]), offsets=np.array([0, 1, 1, 1])),
    },
)
