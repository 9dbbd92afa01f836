"""`predict --model FOLDER`: a bundle on this machine is asked about files of every format."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.core import wire
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.specs.specs import measure
from mlaas4hep.core.data.tree import BranchInfo
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.bundle.gap import Gap
from tests import onnx_models
from tests.formats import SAMPLES, arrays

ONE_OF_EACH = list({sample.format: sample for sample in SAMPLES}.values())
ARRAYS = arrays(50, rows=False)
SPECS = measure([Columns(entries=50, flat=ARRAYS, jagged={})])


@pytest.fixture
def bundle(tmp_path):
    names = tuple(spec.name for spec in SPECS.branches)
    contract = Contract(model="m", version="v", columns=names, specs=SPECS, identifiers=())
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "contract.json").write_bytes(wire.dump(contract))
    (tmp_path / "bundle" / "model.onnx").write_bytes(onnx_models.dense())
    return tmp_path / "bundle"


def scores(start, stop):
    """Return what NumPy makes of entries."""
    columns = [
        (ARRAYS[spec.name][start:stop] - spec.low) / (spec.high - spec.low)
        for spec in SPECS.branches
    ]
    return 1 / (1 + np.exp(-(np.stack(columns, axis=1) @ onnx_models.WEIGHTS[:, 0])))


@pytest.mark.parametrize("sample", ONE_OF_EACH, ids=lambda sample: sample.name)
def test_entries_of_a_file_of_every_format_are_scored(cli, bundle, tmp_path, sample):
    path = tmp_path / f"new{sample.suffix}"
    sample.write(path, ARRAYS)

    answer = cli("predict", "--model", bundle, "--entries", path, "--start", 5, "--stop", 9)

    assert answer.code == 0, answer.err
    np.testing.assert_allclose(answer.json()["predictions"], scores(5, 9), rtol=1e-5)


def test_a_file_may_lack_what_files_of_the_training_lacked(cli, bundle, tmp_path):
    name, others = SPECS.branches[0].name, dict(ARRAYS)
    values = others.pop(name)
    branch = BranchInfo(name=name, dtype="float64", jagged=False)
    contract = wire.load(Contract, (bundle / "contract.json").read_bytes())
    sample = ONE_OF_EACH[0]
    sample.write(tmp_path / f"nan{sample.suffix}", {**others, name: np.full(len(values), np.nan)})
    sample.write(tmp_path / f"lacks{sample.suffix}", others)

    def asked(file):
        return cli("predict", "--model", bundle, "--entries", tmp_path / f"{file}{sample.suffix}")

    refused = asked("lacks")
    known = replace(contract, gaps=(Gap(branch=branch),))
    (bundle / "contract.json").write_bytes(wire.dump(known))
    found, expected = asked("lacks"), asked("nan")

    assert (refused.code, expected.code) == (1, 0)
    assert found.json() == expected.json()


def test_the_folder_of_a_bundle_may_stand_in_place_of_a_name(cli, bundle, tmp_path, monkeypatch):
    ONE_OF_EACH[0].write(path := tmp_path / f"new{ONE_OF_EACH[0].suffix}", ARRAYS)
    monkeypatch.chdir(tmp_path)

    asked = ("--entries", path, "--stop", 2)
    answer, plain = cli("predict", "./bundle", *asked), cli("predict", "bundle", *asked)

    np.testing.assert_allclose(answer.json()["predictions"], scores(0, 2), rtol=1e-5)
    assert plain.code == 2
    assert "the model in the folder 'bundle' is asked by --model bundle" in " ".join(
        plain.err.replace("│", " ").split()
    )


def test_a_file_that_is_not_there_is_named_as_it_was_typed(cli, bundle, tmp_path):
    answer = cli("predict", "--model", bundle, "--entries", f"{tmp_path}/nosuch.root:events")

    assert answer.code == 1
    assert f"'{tmp_path}/nosuch.root': there is no such file" in answer.err
    assert "hint: check how its name is written" in answer.err


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("[[1, 2, 3, 4]]", "has no entries, of which some are wanted"),
        ('[{"x": 1}]', "there are no such entries: "),
    ],
)
def test_entries_that_a_question_lacks_are_refused(cli, bundle, tmp_path, question, words):
    (tmp_path / "rows.json").write_text(question)

    answer = cli("predict", "--model", bundle, "--input", tmp_path / "rows.json", "--start", 1)

    assert answer.code == 1
    assert words in answer.err


def test_nan_in_a_question_is_a_missing_value(cli, bundle, tmp_path):
    entry = {name: float(values[0]) for name, values in ARRAYS.items()}
    first = next(iter(entry))
    found = []
    for missing in (math.nan, None):
        (tmp_path / "rows.json").write_text(json.dumps([{**entry, first: missing}]))
        answer = cli("predict", "--model", bundle, "--input", tmp_path / "rows.json")
        assert answer.code == 0, answer.err
        found.append(answer.json()["predictions"])

    assert found[0] == found[1]
    assert math.isfinite(found[0][0])
