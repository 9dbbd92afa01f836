"""Tables are written in every format, and read back as they were."""

from typing import get_args

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.formats import FORMATS
from mlaas4hep.adapters.tablefiles import TREE, TableFiles
from mlaas4hep.core.models.scoring import Format

PARTS = [
    {
        "file": np.full(count, count, np.int32),
        "entry": np.arange(count, dtype=np.int64) + 2**40,
        "score": np.linspace(0, 1, count, dtype=np.float32),
        "passed": np.arange(count) % 2 == 0,
    }
    for count in (300, 0, 200)
]


def test_what_is_written_is_named_as_input_files_are():
    suffixes = {suffix.removeprefix(".") for row in FORMATS for suffix in row.suffixes}

    assert set(get_args(Format)) <= suffixes


@pytest.mark.parametrize("kind", get_args(Format))
def test_what_was_written_is_read_back(tmp_path, kind):
    path = tmp_path / f"scores.{kind}"

    TableFiles().write(kind, path, iter(PARTS))

    source = DataFiles(MemoryStore(lambda: 0.0))
    names = list(PARTS[0])
    survey = source.survey(str(path), TREE, names)
    blocks = list(source.read(survey, names, 0, 500))
    for name in names:
        whole = np.concatenate([part[name] for part in PARTS])
        found = np.concatenate([block.flat[name] for block in blocks])
        assert np.array_equal(found.astype(whole.dtype), whole)


@pytest.mark.parametrize("kind", get_args(Format))
def test_entries_without_a_score_stay_without_one(tmp_path, kind):
    path = tmp_path / f"scores.{kind}"

    TableFiles().write(kind, path, iter([{"score": np.array([0.5, np.nan], np.float32)}]))

    source = DataFiles(MemoryStore(lambda: 0.0))
    (block,) = source.read(source.survey(str(path), TREE, ["score"]), ["score"], 0, 2)
    assert np.array_equal(block.flat["score"], [0.5, np.nan], equal_nan=True)


@pytest.mark.parametrize("kind", get_args(Format))
def test_a_table_without_rows_is_written(tmp_path, kind):
    path = tmp_path / f"scores.{kind}"

    TableFiles().write(kind, path, iter([PARTS[1]]))

    assert path.exists()
