"""The matrix: order, range, padding, mask; against the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.data.matrix import BLOCK, Layout, fill
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import Specs, measured
from mlaas4hep.errors import InvalidRequestError
from tests import oracle

FLAT = {"z": np.float32, "a": np.float64, "m": np.int32, "B": np.bool_, "u": np.uint64}
JAGGED = {"K": np.float32, "J": np.float64, "i": np.uint8}
INTS = {"m": (-(2**31), 2**31 - 1), "u": (0, 2**64 - 1), "i": (0, 255)}


def _values(name, dtype):
    if dtype is np.bool_:
        return st.booleans()
    if name in INTS:
        return st.integers(*INTS[name])
    return st.floats(width=np.dtype(dtype).itemsize * 8)


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {name: _values(name, dtype) for name, dtype in FLAT.items()}
        | {name: st.lists(_values(name, dtype), max_size=3) for name, dtype in JAGGED.items()}
    ),
    min_size=1,
    max_size=8,
)


def _matrix(specs, columns):
    layout = Layout.of(specs)
    x = np.full((columns.entries, layout.width), 7, np.float32)
    mask = np.full(x.shape, 7, np.uint8)
    fill(layout, columns, x, mask)
    return layout, x, mask


@given(ENTRIES)
def test_the_matrix_is_that_of_the_oracle(entries):
    columns = oracle.columns_of(entries, FLAT, JAGGED)
    specs = measured(columns, file=0, start=0, stop=len(entries))

    layout, x, mask = _matrix(specs, columns)

    found = oracle.specs(oracle.entries_of(columns))
    expected_x, expected_mask = oracle.matrix(oracle.entries_of(columns), found)
    assert list(layout.columns) == oracle.columns(found)
    np.testing.assert_array_equal(mask, expected_mask)
    np.testing.assert_array_equal(x, expected_x)


@given(ENTRIES)
def test_entries_can_be_shaped_with_the_specs_of_others(entries):
    columns = oracle.columns_of(entries, FLAT, JAGGED)
    seen = oracle.columns_of(entries[:1], FLAT, JAGGED)
    specs = measured(seen, file=0, start=0, stop=1)

    _, x, mask = _matrix(specs, columns)

    found = oracle.specs(oracle.entries_of(seen))
    expected_x, expected_mask = oracle.matrix(oracle.entries_of(columns), found)
    np.testing.assert_array_equal(mask, expected_mask)
    np.testing.assert_array_equal(x, expected_x)


def test_many_blocks_of_rows_are_as_one():
    rng = np.random.default_rng(1)
    n = 2 * BLOCK + 17
    counts = rng.poisson(2, n)
    offsets = np.concatenate(([0], np.cumsum(counts)))
    content = rng.normal(size=counts.sum())
    content[::97] = np.nan
    columns = Columns(
        entries=n,
        flat={"f": rng.normal(size=n).astype(np.float32)},
        jagged={
            "J": Jagged(content=content, offsets=offsets),
            "K": Jagged(content=content[::-1].copy(), offsets=offsets),
        },
    )
    specs = measured(columns, file=0, start=0, stop=n)

    _, x, mask = _matrix(specs, columns)

    entries = oracle.entries_of(columns)
    expected_x, expected_mask = oracle.matrix(entries, oracle.specs(entries))
    np.testing.assert_array_equal(mask, expected_mask)
    np.testing.assert_array_equal(x, expected_x)


def test_the_result_depends_on_the_value_and_not_on_its_type():
    values = np.array([1.5, 2.25, 1e6], np.float32)
    specs = Specs(
        branches=(BranchSpec(name="x", jagged=False, low=0.1, high=1e6, width=1),), ranges=()
    )

    single = Columns(entries=3, flat={"x": values}, jagged={})
    double = Columns(entries=3, flat={"x": values.astype(np.float64)}, jagged={})

    np.testing.assert_array_equal(_matrix(specs, single)[1], _matrix(specs, double)[1])


def test_identifiers_and_empty_jagged_branches_have_no_columns():
    specs = Specs(
        branches=(
            BranchSpec(name="E", jagged=True, low=None, high=None, width=0),
            BranchSpec(name="J", jagged=True, low=0, high=1, width=2),
            BranchSpec(name="event", jagged=False, low=0, high=9, width=1),
            BranchSpec(name="pt", jagged=False, low=0, high=1, width=1),
        ),
        ranges=(),
    )

    assert Layout.of(specs, exclude=("event",)).columns == ("pt", "J_0", "J_1")


def test_a_missing_branch_is_named():
    specs = Specs(
        branches=(BranchSpec(name="pt", jagged=False, low=0, high=1, width=1),), ranges=()
    )

    with pytest.raises(InvalidRequestError, match="'pt'"):
        fill(
            Layout.of(specs),
            Columns(entries=1, flat={}, jagged={}),
            np.empty((1, 1), np.float32),
        )
