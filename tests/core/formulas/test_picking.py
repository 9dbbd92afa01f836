"""Places inside rows, and what is picked with them."""

import numpy as np
import pytest

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.errors import InvalidRequestError
from tests.core.formulas.values import values

COLUMNS = Columns(
    entries=3,
    flat={"n": np.array([0, 1, 2])},
    jagged={
        "pt": Jagged(content=np.array([30.0, 10, 20]), offsets=np.array([0, 0, 1, 3])),
        "jets": Jagged(content=np.array([1.0, 2, 3]), offsets=np.array([0, 1, 1, 3])),
    },
)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("pt[argsort(pt)[:2]]", "sort(pt)[:2]"),
        ("pt[reverse(argsort(pt))]", "reverse(sort(pt))"),
        ("pt[index(pt)[pt > 20]]", "pt[pt > 20]"),
        ("take(pt, 1/0)", "pt"),
        ("take(pt, n - n - 1e300)", "pt"),
        ("take(pt, 0/0)", "pt[:0]"),
    ],
)
def test_places_stay_places_when_some_are_chosen(text, same):
    assert values(text, COLUMNS) == values(same, COLUMNS)


@pytest.mark.parametrize(
    "text",
    [
        "jets[argsort(pt)]",
        "jets[argmax(pt)]",
        "jets[argsort(pt)[0]]",
        "pt[pt > 20][argmax(pt)]",
        "pt[pt > 20][index(pt)]",
        "take(jets, argsort(pt))",
    ],
)
def test_places_in_other_rows_are_refused(text):
    with pytest.raises(InvalidRequestError, match="places in rows of other lengths"):
        values(text, COLUMNS)


def test_padding_that_would_fill_the_memory_is_refused():
    rows = Jagged(content=np.ones(300_000), offsets=np.array([0, 300_000]))
    columns = Columns(entries=1, flat={}, jagged={"hits": rows, "hits.sizes": rows})

    with pytest.raises(InvalidRequestError, match="300000 inner lists of 1000 values") as refused:
        values("padded(hits, hits.sizes, 1000)", columns)
    assert "smaller width" in refused.value.problem.hint
