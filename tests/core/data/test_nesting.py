import numpy as np
import pytest

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.errors import InvalidRequestError

V = Jagged(content=np.arange(1.0, 7.0), offsets=np.array([0, 2, 2, 6]))
SIZES = Jagged(content=np.array([2, 0, 3, 1]), offsets=np.array([0, 2, 2, 4]))
COLUMNS = Columns(entries=3, flat={"x": np.zeros(3)}, jagged={"v": V, "v.sizes": SIZES})


def test_inner_rows_are_cut_or_filled_up_to_the_width_that_is_asked_for():
    found = Expression.parse("padded(2 * v, v.sizes, 2)").evaluate(COLUMNS)

    assert found.counts.tolist() == [4, 0, 4]
    np.testing.assert_array_equal(found.content, [2, 4, np.nan, np.nan, 6, 8, 12, np.nan])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("padded(v[v > 1], v.sizes, 2)", "'v.sizes' are not the sizes of these rows"),
        ("padded(v, v, 2)", "'v' are not the sizes of these rows"),
        ("padded(v, v.sizes, 0)", "the width is a written number from 1 to 1000"),
        ("padded(v, v.sizes, x)", "the width is a written number from 1 to 1000"),
        ("padded(x, v.sizes, 2)", "padded needs a jagged branch"),
    ],
)
def test_a_mistake_is_named(text, words):
    with pytest.raises(InvalidRequestError) as caught:
        Expression.parse(text).evaluate(COLUMNS)

    assert words in str(caught.value)
