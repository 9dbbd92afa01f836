"""Branches that params.json calls categories: each value, or text, is one, numbered 0, 1, 2 …"""

import numpy as np
import pytest

from mlaas4hep.core.data.matrix import Layout
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.errors import InvalidRequestError
from tests.core.data.values.test_treatments import entries, shaped, specs_of

PROCESS = np.array(["qcd", "ttbar", "", "dy", "qcd"])
RULES = Rules(scaling=(("met", "minmax"), ("*", "category")), clip=(("*", (0.0, 1.0)),))


def test_whole_numbers_and_texts_are_numbered_from_the_lowest():
    names, x, mask = shaped(
        entries(charge=[-1, 1, 0, 1, -1], met=[0.0, 9.0, 1.0, 0.5, 0.1], process=PROCESS), RULES
    )

    assert names == ("charge", "met", "process")
    assert x[:, 0].tolist() == [0, 2, 1, 2, 0]
    assert x[:, 2].tolist() == [1, 2, 0, 0, 1]
    assert mask[:, 2].tolist() == [0, 0, 1, 0, 0]


def test_columns_of_categories_are_known_by_their_numbers():
    columns = entries(charge=[-1, 1], met=[0.0, 9.0], process=np.array(["a", "b"]))

    assert Layout.of(specs_of(columns, RULES)).categories == (0, 2)


def test_what_training_has_not_seen_is_no_category_later():
    specs = specs_of(entries(charge=[-1, 1, 0], process=np.array(["a", "b", "a"])), RULES)
    later = entries(charge=[2, -2, 1], process=np.array(["c", "b", "a"]))

    _, x, mask = shaped(later, RULES, specs)

    assert mask.tolist() == [[1, 1], [1, 0], [0, 0]]
    assert x.tolist() == [[0, 0], [0, 1], [2, 0]]


def test_numbers_that_doubles_cannot_hold_are_numbered_exactly():
    start = 2**60
    _, x, _ = shaped(entries(run=np.array([start, start + 3, start + 1])), RULES)

    assert x[:, 0].tolist() == [0, 3, 1]


def test_one_category_is_number_0():
    assert shaped(entries(run=[7, 7]), RULES)[1][:, 0].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("values", "says"),
    [([0, 1.5, 2], "holds 1.5, which is no whole number"), ([0, 1000], "from 0 to 1000")],
)
def test_what_is_no_category_is_refused(values, says):
    with pytest.raises(InvalidRequestError, match=says) as caught:
        specs_of(entries(met=values), Rules(scaling=(("met", "category"),)))

    assert caught.value.problem.branch == "met"


def test_a_branch_without_values_stays_empty():
    _, x, mask = shaped(entries(charge=[np.nan, np.nan]), RULES)

    assert (x.tolist(), mask.tolist()) == ([[0], [0]], [[1], [1]])
