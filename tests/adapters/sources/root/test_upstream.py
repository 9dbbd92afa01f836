"""What docs/upstream.md reports is still so in the uproot that is installed; else it goes."""

import re
from pathlib import Path

import awkward as ak
import pytest
import uproot

DATA = Path(__file__).parent / "data"
REPORT = (Path(__file__).parents[4] / "docs" / "upstream.md").read_text()

#: what is written there, and what ROOT reads
REPORTED = {
    'tree["pt"].array()[5]': [6.0],
    'tree["fx"].array()[5]': [5.0, 6.0, 7.0],
    'tree["pt_short"].array()': "ValueError",
    'tree["hh"].interpretation': "UnboundLocalError",
    'tree["a_16"].array()': "AttributeError",
    'tree["h_16"].array()[7]': 6.5,
}


def _outcome(statement):
    """Return what it gives, or the class of its error."""
    with uproot.open(DATA / "kinds.root") as file:
        try:
            found = eval(statement, {"tree": file["t"]})
        except (ValueError, UnboundLocalError, AttributeError) as error:
            return type(error).__name__
        return found.tolist() if hasattr(found, "tolist") else found


def test_every_statement_about_packed_numbers_is_held_here():
    assert set(re.findall(r"^(tree\[.*?)(?:  #.*)?$", REPORT, re.MULTILINE)) == set(REPORTED)


@pytest.mark.parametrize("statement", REPORTED)
def test_packed_numbers_are_read_wrongly_or_not_at_all(statement):
    found, of_root = _outcome(statement), REPORTED[statement]

    assert (found == of_root) is isinstance(of_root, str)


def test_texts_behind_an_empty_one_are_read_wrongly():
    with uproot.open(DATA / "texts.root") as file:
        found = file["t"]["name"].array()[:4].tolist()

    assert found[:2] == ["muon", ""]
    assert found[2] != "électron"


def test_rows_of_arrays_that_it_writes_are_not_read(tmp_path):
    rows = ak.to_regular(ak.Array([[[1.0, 2, 3]] * (i % 3) for i in range(20)]), axis=2)
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("t", {"x": "var * 3 * float64"})
        file["t"].extend({"x": rows})

    with uproot.open(tmp_path / "a.root") as file, pytest.raises(ValueError, match="wrong number"):
        file["t"]["x"].array()
