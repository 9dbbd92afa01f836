"""A file is named for what it is when it is of no format that is read."""

import zipfile

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import InvalidRequestError


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


@pytest.mark.parametrize(
    ("first", "says", "hint"),
    [
        (b"BZh9", "packed with bzip2", "gzip or zstd"),
        (b"\xfd7zXZ\0", "packed with xz", "gzip or zstd"),
        (b"FEA1", "Feather of version 1", "version 2"),
        (b"SQLite format 3\0", "a data base", "Parquet or CSV"),
        (b"PARE", "encrypted", "without encryption"),
    ],
)
def test_what_is_not_read_is_named_for_what_it_is(source, tmp_path, first, says, hint):
    (tmp_path / "a.csv").write_bytes(first + bytes(100))

    with pytest.raises(InvalidRequestError, match=says) as refused:
        source.describe(str(tmp_path / "a.csv"), "")
    assert hint in refused.value.problem.hint


@pytest.mark.parametrize("name", ["a?b.csv", "a b#.CSV"])
def test_a_local_name_has_no_query(source, tmp_path, name):
    (tmp_path / name).write_text("x\n1\n2\n")

    assert source.describe(str(tmp_path / name), "").entries == 2


def test_what_begins_as_a_zip_and_is_none_is_not_called_numpys(source, tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PK\x03\x04" + bytes(100))

    with pytest.raises(InvalidRequestError, match=r"begins as a zip does .* and has no end of one"):
        source.describe(str(tmp_path / "a.parquet"), "")


def test_a_zip_of_other_files_and_a_folder_are_refused_with_what_to_do(source, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", "x\n1\n")

    with pytest.raises(InvalidRequestError, match=r"a zip of other files: a\.csv"):
        source.describe(str(tmp_path / "a.zip"), "")
    with pytest.raises(InvalidRequestError, match="is a folder") as refused:
        source.describe(str(tmp_path), "")
    assert "folder/*.parquet" in refused.value.problem.hint
