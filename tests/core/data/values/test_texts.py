"""Text as categories: measured, merged, numbered, and the same at prediction."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.matrix import Layout, fill
from mlaas4hep.core.data.specs import notices
from mlaas4hep.core.data.specs.specs import measured, merged
from mlaas4hep.core.data.specs.specsfile import from_ancestor, to_ancestor
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.data.values.texts import LONGEST, MOST, text_array
from mlaas4hep.core.data.values.treatments import treated
from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.errors import InvalidRequestError

WORDS = ["Mu50", "", "Ele27", "Mu50", "PFHT"]


def columns(words, **more):
    return Columns(entries=len(words), flat={"HLT": text_array(words), **more}, jagged={})


def specs_of(*parts):
    return merged(
        measured(columns(words), file=number, start=0, stop=len(words))
        for number, words in enumerate(parts)
    )


def test_each_text_is_a_category_and_an_empty_one_is_missing():
    specs = treated(specs_of(WORDS), Rules())
    layout = Layout.of(specs)
    x, mask = np.empty((6, 1), np.float32), np.empty((6, 1), np.uint8)

    fill(layout, columns([*WORDS, "never seen"]), x, mask)

    assert specs.branch("HLT").texts == ("Ele27", "Mu50", "PFHT")
    assert x.reshape(-1).tolist() == [0.5, 0, 0, 0.5, 1, 0]
    assert mask.reshape(-1).tolist() == [0, 1, 0, 0, 0, 1]


@given(st.lists(st.lists(st.sampled_from("abcdef")), min_size=1, max_size=4))
def test_specs_merge_in_any_order(parts):
    whole = specs_of([word for part in parts for word in part]).branch("HLT")

    assert specs_of(*parts).branch("HLT") == specs_of(*parts[::-1]).branch("HLT") == whole


def test_too_many_texts_are_left_out_with_a_warning():
    many = specs_of([f"a{i}" for i in range(MOST)], ["b"])
    told = notices.notices(many, Rules())
    specs = treated(many, Rules())

    assert specs.branch("HLT").too_many
    assert Layout.of(specs).width == 0
    assert told == (f"left out, because they are text with more than {MOST} different values: HLT",)


def test_long_texts_stay_different():
    first, second = text_array(["x" * 300 + "1", "x" * 300 + "2"]).tolist()

    assert first != second
    assert len(first) == LONGEST


def test_text_in_one_file_and_numbers_in_another_are_refused():
    numbers = measured(
        Columns(entries=1, flat={"HLT": np.array([1])}, jagged={}), file=1, start=0, stop=1
    )

    with pytest.raises(InvalidRequestError, match="text in some files and numbers in others"):
        merged([specs_of(WORDS), numbers])


def test_the_specs_file_keeps_categories():
    specs = treated(specs_of(WORDS), Rules())

    assert from_ancestor(json.loads(json.dumps(to_ancestor(specs, ["a.root"])))) == specs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('HLT == "Mu50"', [1, 0, 0, 1, 0]),
        ("HLT != 'Mu50' && n > 1", [0, 0, 1, 0, 1]),
        ('"Mu50" == HLT ? n : 0', [0, 0, 0, 3, 0]),
        ('HLT == ""', [0, 1, 0, 0, 0]),
        ('HLT == "Mu50" || HLT == "PFHT"', [1, 0, 0, 1, 1]),
        ("HLT == HLT", [1] * 5),
    ],
)
def test_texts_are_compared(text, expected):
    found = Expression.parse(text).evaluate(columns(WORDS, n=np.arange(5)))

    assert found.astype(int).tolist() == expected


@pytest.mark.parametrize("text", ['HLT > "Mu"', "HLT == 1", "HLT + 1", "sqrt(HLT)", 'n == "1"'])
def test_texts_are_no_numbers(text):
    with pytest.raises(InvalidRequestError, match="text can only be compared with text"):
        Expression.parse(text).evaluate(columns(WORDS, n=np.arange(5)))
