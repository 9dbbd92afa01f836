"""A scaler gives the same bits whatever it scaled before."""

import numpy as np
import pytest

from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.values.scaling import Scaler, scaling_table


def _scaler(branches):
    return Scaler(
        scaling_table(
            [
                BranchSpec(name=f"b{i}", jagged=False, low=-1.0 - i, high=3.0, width=1)
                for i in range(branches)
            ]
        )
    )


def _values(branches, size, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=size).astype(np.float32) for _ in range(branches)]


@pytest.mark.parametrize("sizes", [(2048, 5, 100), (1, 2048), (7, 64, 63, 65)])
def test_the_size_of_the_block_does_not_matter(sizes):
    scaler = _scaler(3)

    for size in sizes:
        values = _values(3, size)
        found, holes = scaler.scale(values)

        wide = [(each.astype(np.float64) + 1 + i) / (4 + i) for i, each in enumerate(values)]
        np.testing.assert_array_equal(found, np.array(wide, np.float32))
        assert holes is None


def test_what_was_not_finite_before_is_not_seen_again():
    scaler = _scaler(2)
    bad = [np.full(100, np.nan, np.float32)] * 2
    scaler.scale(bad)

    found, holes = scaler.scale(_values(2, 10))

    assert np.isfinite(found).all()
    assert holes is None
