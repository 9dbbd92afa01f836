"""Features that give the answer away are told."""

import numpy as np
import pytest

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.models.suspects import suspicious_names, telling, telling_columns


@pytest.mark.parametrize(
    "name",
    [
        "run",
        "event",
        "evtNo",
        "evt_number",
        "mcPt",
        "genWeight",
        "weight",
        "mcWeight",
        "GenJet_pt",
        "MC_pt",
        "truth_m",
        "isSig",
    ],
)
def test_names_of_identifiers_weights_and_truth_are_told(name):
    told = list(suspicious_names(["pt", name]))

    assert told
    assert all(f": {name};" in text for text in told)


def test_names_of_physics_are_not():
    names = [
        "pt",
        "eta",
        "m_bb",
        "met",
        "njet",
        "Muon_charge",
        "dR",
        "partonPt",
        "generalised",
        "eventShape",
        "event_njets",
        "mcut",
        "mcorr",
    ]

    assert not [text for text in suspicious_names(names) if "generalised" not in text]


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

    (text,) = telling_columns(x, labels, ("is_one", "pt"))

    assert "is_one (1.000)" in text
    assert "pt" not in text


def test_a_branch_that_is_the_label_of_a_regression_is_told():
    random = np.random.default_rng(1)
    labels = random.normal(100, 10, 500)
    x = np.stack([3 * labels + 1, labels + random.normal(0, 5, 500), np.ones(500)], axis=1)

    (text,) = telling_columns(x, labels, ("genmass", "mass", "one"))

    assert "gives the label (correlation in a sample): genmass (1.000);" in text


def test_one_class_and_few_entries_say_nothing():
    assert not [*telling_columns(np.ones((50, 1)), np.ones(50), ("x",))]
    assert not [*telling_columns(np.arange(500)[:, None], np.arange(500) > 497, ("x",))]
    assert not [*telling_columns(np.arange(10)[:, None], np.arange(10) > 4, ("x",))]
