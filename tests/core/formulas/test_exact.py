"""Whole numbers of expressions are exact in 64 bits, or refused."""

import numpy as np
import pytest

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.errors import InvalidRequestError
from tests.core.formulas.values import values

WIDE = Columns(
    entries=3,
    flat={
        "hash": np.array([2**63 + 1, 3, 2**60 + 1], np.uint64),
        "long": np.array([2**62, -(2**63), 5]),
        "few": np.array([0, 1, 2], np.uint8),
    },
    jagged={"row": Jagged(content=np.array([2**62, 2**62, 1]), offsets=np.array([0, 2, 3, 3]))},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hash % 10", [9, 3, 7]),
        ("hash + few", [2**63 + 1, 4, 2**60 + 3]),
        ("hash & few", [0, 1, 0]),
        ("hash >> 1", [2**62, 1, 2**59]),
        ("hash == 9223372036854775809", [True, False, False]),
        ("long - 4611686018427387905 < few * few ? few : 7", None),
        ("long // few", [np.inf, -(2.0**63), 2]),
        ("long == 0x4000000000000000", [True, False, False]),
        ("1.0 * long * long", [2.0**124, 2.0**126, 25]),
        ("long * 2", None),
        ("-long", None),
        ("abs(long)", None),
        ("long - 1", None),
        ("hash - 4", None),
        ("hash * 2", None),
        ("hash - long", None),
        ("1 << few * 40", None),
        ("few >> -1", None),
        ("sum(row)", None),
    ],
)
def test_whole_numbers_of_64_bits_are_exact_or_refused(text, expected):
    if expected is not None:
        assert values(text, WIDE) == expected
        return

    with pytest.raises(InvalidRequestError, match="does not fit into 64 bits") as refused:
        values(text, WIDE)
    assert "1.0 * x" in refused.value.problem.hint
