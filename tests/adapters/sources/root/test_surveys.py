"""A survey is all that others need to read a file, and tells when it is another one."""

import os
import shutil

import numpy as np
import pytest

from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.root import header as rootheader
from mlaas4hep.adapters.sources.root.layout import RootLayout
from mlaas4hep.core import wire
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.errors import InvalidRequestError, PermanentError
from tests import oracle
from tests.adapters.sources.root.reading import entries_read


def test_files_of_an_upload_are_read_from_the_bucket(shared_data, store, source):
    store.put_file("o/f/1/files/in/HZZ.root", shared_data / "HZZ.root")

    info = source.describe("tarball:o/f/1/files/in/HZZ.root", "events")

    assert info.entries == 2421
    with pytest.raises(InvalidRequestError, match=r"^'in/HZZ.root' has no tree") as refused:
        source.describe("tarball:o/f/1/files/in/HZZ.root", "Events")
    assert refused.value.problem.hint == (
        "did you mean 'events'? \"branch\" in params.json says which, or FILE:TREE in files.txt"
    )


def test_another_upload_of_the_same_file_is_the_same_content(shared_data, store, source):
    keys = ("o/f/1/files/HZZ.root", "o/f/2/files/HZZ.root")
    for key in keys:
        store.put_file(key, shared_data / "HZZ.root")

    one, other = (source.describe(f"tarball:{key}", "events").identity for key in keys)

    assert one == other


def test_a_file_that_is_replaced_is_read_again(tmp_path, source):
    path = tmp_path / "a.root"
    oracle.write_tree(path, "t", {"x": np.arange(3.0)})
    first = source.describe(str(path), "t")
    oracle.write_tree(tmp_path / "b.root", "t", {"x": np.arange(4.0)})
    os.utime(tmp_path / "b.root", ns=(1, 1))
    shutil.move(tmp_path / "b.root", path)

    second = source.describe(str(path), "t")

    assert (first.entries, second.entries) == (3, 4)
    assert first.identity != second.identity
    assert entries_read(source, str(path), "t", ["x"])[-1] == {"x": 3.0}


def test_a_survey_is_all_that_another_process_needs(shared_data, tmp_path, source, store):
    whole = (shared_data / "HZZ.root").read_bytes()
    path = tmp_path / "a.root"
    path.write_bytes(whole)
    names = ["MET_px", "Muon_Px", "Jet_Px"]
    survey = source.survey(str(path), "events", names)
    expected = entries_read(source, str(path), "events", names)
    blank = bytearray(len(whole))
    blank[: rootheader.SIZE] = whole[: rootheader.SIZE]
    for branch in wire.load(RootLayout, survey.layout.encode()).baskets:
        for start, stop in zip(branch.starts, branch.stops, strict=True):
            blank[start:stop] = whole[start:stop]
    path.write_bytes(blank)  # a file that nobody can open any more

    blocks = DataFiles(store).read(wire.load(Survey, wire.dump(survey)), names, 0, 2421)

    assert [entry for block in blocks for entry in oracle.entries_of(block)] == expected


@pytest.mark.parametrize("entries", [3, 4])
def test_a_file_that_is_another_one_than_was_surveyed_is_refused(tmp_path, source, entries):
    path = tmp_path / "a.root"
    oracle.write_tree(path, "t", {"x": np.arange(3.0)})
    survey = source.survey(str(path), "t", ["x"])
    oracle.write_tree(tmp_path / "b.root", "t", {"x": np.arange(float(entries))})
    shutil.move(tmp_path / "b.root", path)

    with pytest.raises(PermanentError, match=r"a\.root' changed since") as caught:
        list(source.read(survey, ["x"], 0, 3))

    assert "restart" in caught.value.problem.hint
