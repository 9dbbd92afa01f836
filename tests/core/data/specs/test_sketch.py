"""Sketches: fair, small, and the same however entries are cut into blocks."""

import numpy as np
import pytest

from mlaas4hep.core import wire
from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.data.specs.sketch import Distribution, Sketch, Sketcher, joined


def flat(values):
    return Columns(entries=len(values), flat={"x": np.asarray(values)}, jagged={})


def sketched(blocks, entries):
    sketcher, start = Sketcher(entries, branches=1), 0
    for block in blocks:
        sketcher.add(block, start)
        start += block.entries
    return sketcher.sketches()["x"]


def test_a_small_range_is_its_own_sample():
    assert sketched([flat([3.0, 1.0, np.nan, 2.0])], 4) == Sketch.of(1, np.array([3.0, 1.0, 2.0]))


def test_a_sample_is_the_same_after_it_was_stored():
    sketch = Sketch.of(3, np.array([2.5, -np.float64(0.0), 1e-300]))

    stored = wire.load(Sketch, wire.dump(sketch))

    assert stored == sketch
    assert stored.values.tolist() == [2.5, 0.0, 1e-300]


@pytest.mark.parametrize(
    ("kind", "is_single"),
    [("f4", True), ("f8", False), ("i2", True), ("i4", False), ("u8", False), ("?", True)],
)
def test_values_are_kept_to_the_last_bit_in_as_few_bytes_as_they_need(kind, is_single):
    values = np.array([0, 1, 2**31 - 1 if kind in ("i4", "u8") else 1, 0.1], kind)

    sketch = Sketch.of(1, values)

    assert sketch.is_single == is_single
    np.testing.assert_array_equal(sketch.values, values.astype(np.float64))


def test_a_large_range_is_sampled_to_a_bounded_size():
    sketch = sketched([flat(np.arange(100_000.0))], 100_000)

    assert 2000 < len(sketch.values) < 2200
    assert sketch.weight * len(sketch.values) == pytest.approx(100_000, rel=0.05)


def test_the_size_of_blocks_does_not_show():
    values = np.random.default_rng(1).normal(size=30_000)
    blocks = [flat(part) for part in np.array_split(values, 7)]

    assert sketched(blocks, 30_000) == sketched([flat(values)], 30_000)


@pytest.mark.parametrize("period", [2, 4, 7, 48, 64])
def test_a_period_in_the_data_does_not_show(period):
    sketch = sketched([flat(np.arange(100_000) % period == 0)], 100_000)

    assert np.mean(sketch.values) == pytest.approx(1 / period, abs=0.03)


def test_rows_are_sampled_value_by_value():
    content = np.arange(50_000.0)
    offsets = np.arange(0, 50_001, 5)
    columns = Columns(
        entries=10_000, flat={}, jagged={"x": Jagged(content=content, offsets=offsets)}
    )

    sketch = sketched([columns], 10_000)

    assert np.median(sketch.values) == pytest.approx(25_000, rel=0.05)


def test_samples_join_in_any_order():
    parts = [
        Sketch.of(weight, np.array(values))
        for weight, values in ((1, [1.0, 4.0]), (2, [3.0]), (1, [2.0]))
    ]

    assert joined(parts) == joined(reversed(parts))
    seen = Distribution.of(joined(parts))
    assert seen is not None
    assert seen.values.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert seen.weights.tolist() == [1.0, 1.0, 2.0, 1.0]


def test_quantiles_weigh_each_sample():
    seen = Distribution.of([Sketch.of(9, np.zeros(10)), Sketch.of(1, np.ones(10))])

    assert seen is not None
    assert seen.quantile(0.85) == 0.0
    assert seen.mean == pytest.approx(0.1)
