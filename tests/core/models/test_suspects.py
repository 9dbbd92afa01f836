"""Features that give the answer away are told."""

import numpy as np
import pytest

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.models.suspects import suspicious_names, telling


@pytest.mark.parametrize(
    "name",
    [
        "run",
        "event",
        "evtNo",
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
