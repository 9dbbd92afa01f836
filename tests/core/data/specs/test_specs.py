"""Specs: what was measured, and that it does not matter in which order it is put together."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core import wire
from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import RangeCount, Specs, measure, measured, merged
from mlaas4hep.errors import InvalidRequestError
from tests import oracle

FLAT = {"b": np.bool_, "u8": np.uint8, "i2": np.int16, "u64": np.uint64, "f4": np.float32}
JAGGED = {"J_f8": np.float64, "J_i8": np.int64, "J_f2": np.float16}
RANGES = {"u8": (0, 255), "i2": (-(2**15), 2**15 - 1), "u64": (0, 2**64 - 1)}


def _values(name, dtype):
    if dtype is np.bool_:
        return st.booleans()
    if np.dtype(dtype).kind == "f":
        return st.floats(width=np.dtype(dtype).itemsize * 8)
    low, high = RANGES.get(name, (-(2**63), 2**63 - 1))
    return st.integers(low, high)


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {name: _values(name, dtype) for name, dtype in FLAT.items()}
        | {name: st.lists(_values(name, dtype), max_size=4) for name, dtype in JAGGED.items()}
    ),
    max_size=12,
)


@given(ENTRIES)
def test_specs_are_those_of_the_oracle(entries):
    specs = measured(oracle.columns_of(entries, FLAT, JAGGED), file=0, start=0, stop=len(entries))

    expected = oracle.specs(entries)
    found = {
        s.name: {"jagged": s.jagged, "low": s.low, "high": s.high, "width": s.width}
        | {"nan": s.nan, "inf": s.inf}
        for s in specs.branches
    }
    assert found == expected or not entries


@given(ENTRIES, st.integers(1, 5), st.randoms(use_true_random=False))
def test_ranges_merge_in_any_order_to_the_specs_of_the_whole(entries, size, rng):
    columns = oracle.columns_of(entries, FLAT, JAGGED)
    whole = measured(columns, file=0, start=0, stop=len(entries))
    parts = [
        measured(columns.rows(a, min(a + size, len(entries))), file=0, start=a, stop=b)
        for a in range(0, len(entries), size)
        for b in [min(a + size, len(entries))]
    ]
    rng.shuffle(parts)

    together = merged(parts)

    assert together == whole or not entries
    assert wire.dump(together) == wire.dump(whole) or not entries


def test_specs_survive_the_wire():
    specs = Specs(
        branches=(
            BranchSpec(name="a", jagged=False, low=-1e308, high=1e308, width=1, nan=2, inf=1),
            BranchSpec(name="b", jagged=True, low=None, high=None, width=0),
        ),
        ranges=(RangeCount(file=0, start=0, stop=5, passed=3),),
    )

    assert wire.load(Specs, wire.dump(specs)) == specs


def test_the_sign_of_zero_does_not_depend_on_the_order():
    def of(value):
        columns = Columns(entries=1, flat={"x": np.array([value])}, jagged={})
        return measured(columns, file=0, start=0, stop=1)

    one, other = of(-0.0), of(0.0)

    assert wire.dump(merged([one, other]).branch("x")) == wire.dump(
        merged([other, one]).branch("x")
    )


def test_branches_without_a_value_contribute_nothing():
    empty = Jagged(content=np.empty(0, np.float32), offsets=np.zeros(3, np.int64))
    some = Jagged(content=np.array([3, 4], np.float32), offsets=np.array([0, 2]))

    specs = measure(
        [
            Columns(entries=2, flat={}, jagged={"J": empty}),
            Columns(entries=1, flat={}, jagged={"J": some}),
        ]
    )

    assert specs.branch("J") == BranchSpec(name="J", jagged=True, low=3, high=4, width=2)


def test_whole_neighbours_become_one_range_and_others_stay():
    block = Columns(entries=2, flat={"x": np.arange(2)}, jagged={})

    specs = merged(
        [
            measured(block, file=0, start=4, stop=8),
            measured(block, file=0, start=2, stop=4),
            measured(block, file=0, start=0, stop=2),
            measured(block, file=1, start=8, stop=10),
        ]
    )

    assert specs.ranges == (
        RangeCount(file=0, start=0, stop=4, passed=4),
        RangeCount(file=0, start=4, stop=8, passed=2),
        RangeCount(file=1, start=8, stop=10, passed=2),
    )
    assert (specs.entries, specs.passed) == (10, 8)


def test_a_branch_that_is_flat_here_and_jagged_there_is_refused_by_name():
    flat = BranchSpec(name="x", jagged=False, low=0, high=1, width=1)
    jagged = BranchSpec(name="x", jagged=True, low=0, high=1, width=2)

    with pytest.raises(InvalidRequestError, match="'x'") as caught:
        flat.merge(jagged)

    assert caught.value.problem.branch == "x"


def test_impossible_specs_cannot_be_built():
    with pytest.raises(InvalidRequestError, match="not <="):
        BranchSpec(name="x", jagged=False, low=2, high=1, width=1)
    with pytest.raises(InvalidRequestError, match="together"):
        BranchSpec(name="x", jagged=False, low=2, high=None, width=1)


def test_merging_a_thousand_ranges_is_quick_to_write_down():
    block = Columns(entries=1, flat={"x": np.arange(1)}, jagged={})
    parts = [measured(block, file=0, start=i, stop=i + 1) for i in range(1000)]
    random.Random(1).shuffle(parts)

    assert merged(parts).ranges == (RangeCount(file=0, start=0, stop=1000, passed=1000),)
