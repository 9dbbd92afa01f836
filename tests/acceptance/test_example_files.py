"""The examples fit together: data, branches, cuts and labels."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.core.requests.parse import parse_files, parse_labels, parse_params
from mlaas4hep.core.selection import branches
from mlaas4hep.core.selection.preproc import Preproc

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class Example:
    """One folder of examples/ with its data made in another one."""

    def __init__(self, name, folder):
        self.source = DataFiles(MemoryStore(lambda: 0.0))
        script = EXAMPLES / name / "get_data.py"
        subprocess.run([sys.executable, script, folder], check=True, capture_output=True)
        texts = {path.name: path.read_text() for path in (EXAMPLES / name).glob("*.[tj]*")}
        params = parse_params(texts["params.json"], texts.get)
        self.files = parse_files(texts["files.txt"], params, lambda file: str(folder / file))
        self.labels = parse_labels(texts["labels.txt"], self.files)
        self.preproc = Preproc.parse(texts.get("preproc.json", ""))
        self.trees = {file.name: self.source.describe(file.url, file.tree) for file in self.files}
        self.branches = branches.choose(self.trees, params, self.preproc, self.labels)

    def passed(self, file):
        survey = self.source.survey(file.url, file.tree, self.branches.reads)
        entries = self.trees[file.name].entries
        blocks = self.source.read(survey, self.branches.reads, 0, entries)
        return sum(self.preproc.apply(block).entries for block in blocks)


def test_single_top_learns_from_60_branches_and_none_that_gives_the_label_away(tmp_path):
    pytest.importorskip("skhep_testdata", reason="the extra `demo` is not installed")
    example = Example("single_top", tmp_path)

    assert example.branches.label == ("elmu",)
    assert example.branches.identifiers == ("eventNumber", "runNumber")
    assert len(example.branches.features) == 60
    assert not any(
        name.startswith(("weight", "reg")) or name in {"OS", "SS", "elel", "mumu", "elmu"}
        for name in example.branches.features
    )
    assert [example.trees[file.name].entries for file in example.files] == [9812]


def test_jets_learns_two_classes_from_flat_and_jagged_new_branches(tmp_path):
    example = Example("jets", tmp_path)

    assert example.labels.classes == ("background", "resonance")
    assert example.branches.features == (
        "HT",
        "Jet_eta",
        "Jet_p",
        "Jet_phi",
        "Jet_pt",
        "MET_significance",
        "nJet",
    )
    assert [example.passed(file) for file in example.files] == [5719, 6881]
