"""Features that give the answer away are told."""

import numpy as np
import pytest

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.models.sample.suspects import suspicious_names, telling, telling_columns


def test_names_of_identifiers_weights_truth_and_labels_are_told_by_their_kind():
    names = ["pt", "evtNo", "w_pileup", "MC_pt", "isSig"]

    told = [text.partition(";")[0] for text in suspicious_names(names)]

    assert told == [
        "features whose names look like identifiers: evtNo",
        "features whose names look like weights: w_pileup",
        "features whose names look like the truth of the simulation: MC_pt",
        "features whose names look like labels: isSig",
    ]


def test_rapidity_is_not_taken_for_a_label():
    assert not [*suspicious_names(["x", "y", "z"])]


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_branch_that_tells_all_is_told(sign):
    labels = np.repeat([0.0, 1.0], 50).astype(np.float32)
    flat = {"answer": sign * labels, "pt": np.random.default_rng(1).normal(size=100)}

    (text,) = telling([(Columns(entries=100, flat=flat, jagged={}), labels)])

    assert "answer (1.000)" in text
    assert "pt" not in text


def test_text_that_tells_all_is_told_and_names_of_entries_are_not():
    labels = np.tile([0.0, 1.0, 1.0], 100).astype(np.float32)
    flat = {
        "process": np.array(["qcd", "zh", "ttH"] * 100),
        "HLT": np.array(["a", "b"] * 150),
        "file": np.array([str(number) for number in range(300)]),
    }

    (text,) = telling([(Columns(entries=300, flat=flat, jagged={}), labels)])

    assert "process (1.000)" in text
    assert "HLT" not in text
    assert "file" not in text


def test_of_several_classes_one_that_a_branch_tells_is_enough():
    labels = np.tile([0.0, 1.0, 2.0], 50).astype(np.float32)
    x = np.stack([labels == 1, np.random.default_rng(1).normal(size=150)], axis=1)

    (text,) = telling_columns(x, labels, ("is_one", "pt"), {})

    assert "is_one (1.000)" in text
    assert "pt" not in text


def test_a_branch_that_is_the_label_of_a_regression_is_told():
    random = np.random.default_rng(1)
    labels = random.normal(100, 10, 500)
    x = np.stack([3 * labels + 1, labels + random.normal(0, 5, 500), np.ones(500)], axis=1)

    (text,) = telling_columns(x, labels, ("genmass", "mass", "one"), {})

    assert "gives the label (correlation in a sample): genmass (1.000);" in text


@pytest.mark.parametrize(
    "curve",
    [np.exp, np.square, lambda x: -np.arctan(9 * x), np.sin, lambda x: 2 * x + 1],
)
@pytest.mark.parametrize("entries", [800, 5000])
def test_a_label_on_a_curve_over_a_branch_is_told(curve, entries):
    x = np.random.default_rng(1).normal(size=(entries, 3))
    x[:, 1] += curve(x[:, 0])
    x[7, 0] = x[7, 2] = 50  # an outlier of both makes them not alike

    (text,) = telling_columns(x, curve(x[:, 0]), ("gen", "smeared", "pt"), {})

    assert "gives the label (correlation in a sample): gen (" in text
    assert "smeared" not in text
    assert "pt" not in text


def test_a_text_that_gives_the_label_of_a_regression_is_told():
    labels = np.tile(np.arange(100.0, 220.0, 10.0), 40).astype(np.float32)
    flat = {"point": np.array([f"m{value:.0f}" for value in labels]), "any": np.ones(480)}

    (text,) = telling([(Columns(entries=480, flat=flat, jagged={}), labels)])

    assert "gives the label (correlation in a sample): point (1.000);" in text


def test_a_good_measurement_of_the_label_is_no_answer():
    random = np.random.default_rng(1)
    energy = random.exponential(50, 4000) + 1
    measured = energy * random.normal(1, 0.1, 4000)

    assert not [*telling_columns(measured[:, None], energy, ("calorimeter",), {})]


def test_one_class_and_few_entries_say_nothing():
    assert not [*telling_columns(np.ones((50, 1)), np.ones(50), ("x",), {})]
    assert not [*telling_columns(np.arange(500)[:, None], np.arange(500) > 497, ("x",), {})]
    assert not [*telling_columns(np.arange(10)[:, None], np.arange(10) > 4, ("x",), {})]


def test_a_branch_of_which_one_class_has_the_ends_or_some_of_many_ranges_is_told():
    random = np.random.default_rng(1)
    labels = np.repeat([0.0, 1.0], 1000)
    ends = np.where(labels == 1, random.choice([-1, 1], 2000) * (3 + random.random(2000)), 0)
    stripes = 2 * random.integers(0, 8, 2000) + labels
    x = np.stack([ends + random.normal(0, 0.5, 2000), stripes, random.normal(size=2000)], axis=1)

    (text,) = telling_columns(x, labels, ("ends", "stripes", "pt"), {})

    assert "ends (" in text
    assert "stripes (1.000)" in text
    assert "pt" not in text


def test_the_length_of_rows_is_told_once_a_collection():
    labels = np.repeat([0.0, 1.0], 50).astype(np.float32)
    offsets = np.concatenate(([0], np.cumsum(np.where(labels == 1, 3, 2))))
    values = np.random.default_rng(1).normal(size=(2, int(offsets[-1])))
    jagged = {
        name: Jagged(content=content, offsets=offsets)
        for name, content in zip(("Jet_eta", "Jet_pt"), values, strict=True)
    }
    columns = Columns(entries=100, flat={}, jagged=jagged)

    (text,) = telling([(columns, labels)])

    assert "length of Jet_eta (1.000);" in text
    assert [*telling_columns(values[:, :100].T, labels, ("a", "b"), {"Jet_pt": np.diff(offsets)})]


def test_each_value_of_a_short_array_is_looked_at():
    random = np.random.default_rng(1)
    labels = random.permutation(np.repeat([0.0, 1.0], 50)).astype(np.float32)
    vector = np.stack([random.normal(size=100), labels, random.normal(size=100)], axis=1)
    offsets = np.arange(0, 301, 3)
    jagged = {"vec": Jagged(content=vector.reshape(-1), offsets=offsets)}

    (text,) = telling([(Columns(entries=100, flat={}, jagged=jagged), labels)])

    assert "vec_1 (1.000);" in text


def test_of_many_branches_none_tells_all_of_few_entries_by_chance():
    labels = np.repeat([0.0, 1.0], 12)
    x = np.random.default_rng(1).normal(size=(24, 2000))

    assert not [*telling_columns(x, labels, [f"x{number}" for number in range(2000)], {})]
