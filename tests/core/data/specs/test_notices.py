"""Oddness of values is told by name, and nothing is said about what is usual."""

import numpy as np
import pytest

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.data.specs.notices import notices, rounded
from mlaas4hep.core.data.specs.sentinels import with_odd
from mlaas4hep.core.data.specs.sketch import Sketcher
from mlaas4hep.core.data.specs.specs import measured, merged, sketched
from mlaas4hep.core.data.values.rules import Rules

RANDOM = np.random.default_rng(7)
N = 20_000


def told(values, rules=None):
    columns = Columns(entries=len(values), flat={"met": np.asarray(values)}, jagged={})
    sketcher = Sketcher(len(values), branches=1)
    sketcher.add(columns, 0)
    specs = sketched(measured(columns, file=0, start=0, stop=len(values)), sketcher.sketches())
    return notices(with_odd(specs), rules or Rules())


def with_value(values, value, share):
    values = values.copy()
    values[RANDOM.random(len(values)) < share] = value
    return values


USUAL = {
    "normal": RANDOM.normal(100, 10, N),
    "exponential": RANDOM.exponential(40, N),
    "lognormal": np.exp(RANDOM.normal(3.5, 0.8, N)),
    "angle": RANDOM.uniform(-3.14, 3.14, N),
    "counts": RANDOM.poisson(4, N),
    "rare trigger": RANDOM.random(N) < 0.002,
    "charge": RANDOM.choice([-1, 1], N),
    "timestamp": 1.6e9 + np.arange(N),
}


@pytest.mark.parametrize("kind", USUAL)
def test_usual_values_are_nothing_to_mention(kind):
    assert told(USUAL[kind]) == ()


@pytest.mark.parametrize("sentinel", [-999.0, -99.0, 9999.0, -1e30, 1e20])
@pytest.mark.parametrize("share", [0.01, 0.15, 0.6])
def test_a_value_far_outside_and_repeated_is_a_sentinel(sentinel, share):
    (text,) = told(with_value(USUAL["angle"], sentinel, share))

    assert text.startswith(
        f"values far outside and repeated, which may mean missing: met ({sentinel:g} in"
    )
    assert f'"missing": [{sentinel:.17g}]' in text


def test_sentinels_among_counts_are_found_too():
    (text,) = told(with_value(USUAL["counts"], -999, 0.1))

    assert "-999" in text


def test_two_sentinels_are_both_named():
    (text,) = told(with_value(with_value(USUAL["normal"], -999, 0.1), -888, 0.1))

    assert '"missing": [-999, -888]' in text


def test_one_value_that_squeezes_all_others_is_told():
    values = USUAL["lognormal"].copy()
    values[17] = 1e7

    (text,) = told(values)

    assert "squeeze" in text
    assert "1e+07" in text


@pytest.mark.parametrize("rules", [Rules(clip=(("*", None),)), Rules(scaling=(("met", "robust"),))])
def test_outliers_that_are_taken_care_of_are_not_told(rules):
    values = USUAL["lognormal"].copy()
    values[17] = 1e7

    assert told(values, rules) == ()


HOLES = np.where(np.arange(N) < 3, np.nan, USUAL["normal"])
HOLES[7] = np.inf


def test_values_that_are_no_numbers_are_counted():
    (text,) = told(HOLES)

    assert text.startswith(
        "missing in some entries, which is 0 for a network and stays missing for trees: met (3 NaN and 1 infinite);"
    )
    assert "missing_indicator" in text
    assert "missing_indicator" not in told(HOLES, Rules(indicator=True))[0]


def test_values_that_somebody_says_are_missing_are_not_told():
    assert told(HOLES, Rules(missing=(("met", (-999.0,)),))) == ()


def test_a_constant_is_named_with_its_value():
    (text,) = told(np.full(9, 5.0))

    assert text.startswith("constant, so worth nothing: met (5);")


def test_a_large_constant_is_said_to_become_0():
    assert "so that 0 is the input: met" in told(np.full(9, 2.0**63))[1]


def test_a_constant_that_is_dropped_is_said_to_be():
    assert told(np.full(9, 5.0), Rules(constant="drop")) == (
        "left out, because they are constant: met (5)",
    )


@pytest.mark.parametrize(
    ("texts", "are_numbers"),
    [
        (["1.5", "2"], True),
        (["1,5", "2"], True),
        (["1.000,5", "2"], True),
        (["1 2 3"], True),
        (["[1, 2]", ""], True),
        (["1.5D+03"], True),
        (["1", "a"], False),
        (["2024-01-02"], False),
        (["12:30"], False),
        (["Mu50", "Ele32"], False),
        (["nan", "inf"], False),
        (["1,1" * 30 + "x"], False),
    ],
)
def test_text_that_looks_like_numbers_is_told(texts, are_numbers):
    found = [text for text in told(np.array(texts)) if "looks like numbers" in text]

    assert len(found) == are_numbers
    assert all(f"met ({min(filter(None, texts))!r})" in text for text in found)


@pytest.mark.parametrize(("longest", "is_told"), [(10_000, False), (10_001, True)])
def test_one_very_long_row_among_short_ones_is_told(longest, is_told):
    rows = Jagged(content=np.arange(longest + 1.0), offsets=np.array([0, 1, longest + 1]))
    columns = Columns(entries=2, flat={}, jagged={"hits": rows})

    found = notices(measured(columns, file=0, start=0, stop=2), Rules())

    assert any(f"hits ({longest})" in text and "x[:10]" in text for text in found) is is_told


def _specs(values):
    columns = Columns(entries=len(values), flat={"met": np.array(values)}, jagged={})
    return measured(columns, file=0, start=0, stop=len(values))


@pytest.mark.parametrize(
    ("one", "other", "is_told"),
    [
        ([2**53 + 1, 3], [0.5, 7.5], True),
        ([-(2**63), 3], [0.5, 7.5], True),
        ([4, 3], [0.5, 7.5], False),  # whole numbers of 64 bits, and small
        ([4, 3], [0.5, 1e17], False),
        ([2**53 + 1, 3], [5, 7], False),
        ([2.0**60, 3.5], [0.5, 7.5], False),
    ],
)
def test_digits_that_a_double_cannot_hold_are_told_where_there_are_any(one, other, is_told):
    parts = [_specs(one), _specs(other)]

    texts = list(rounded(parts, merged(parts)))

    assert [text.endswith("digits are lost: met") for text in texts] == [True] * is_told


@pytest.mark.parametrize("first", [2**53, 2**54, 2**56])
@pytest.mark.parametrize("count", [20, 60, 2000])
def test_numbers_of_events_that_doubles_merge_are_no_sentinels(first, count):
    values = np.concatenate([USUAL["angle"][:count], first + np.arange(count)])

    assert [text for text in told(values) if "repeated" in text] == []


def test_the_largest_number_of_64_bits_is_a_sentinel():
    texts = told(with_value(USUAL["counts"].astype(np.int64), 2**63 - 1, 0.1))

    assert "met (9.22337e+18 in" in texts[0]
