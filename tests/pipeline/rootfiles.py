"""ROOT files that specs measures."""

import numpy as np

from tests import oracle


def two_files(tmp_path, n=30):
    rng = np.random.default_rng(5)
    return [
        oracle.write_tree(
            tmp_path / f"{name}.root",
            "t",
            {
                "x": rng.normal(size=size).astype(np.float32),
                "k": rng.integers(0, 9, size).astype(np.int16),
                "event": np.arange(size),
            },
            basket=7,
        )
        for name, size in (("a", n), ("b", 2 * n))
    ]
