"""Files that break the library that reads them end a process of their own, and nothing else."""

import functools
import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from mlaas4hep.adapters.children import frames
from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.confined import table
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError
from tests import formats, oracle
from tests.dataservers import RangeHandler, web_server

ENTRIES = 300
_PREPARES_AND_READS = """
import sys
import pyarrow as pa
from mlaas4hep.adapters.sources.columnar.arrow import columns_of
from mlaas4hep.adapters.sources.columnar.leaves import leaves_of
from mlaas4hep.adapters.sources.confined.child import prepare

prepare("avro")
before = set(sys.modules)
table = pa.table({"x": [0.5, None], "rows": [[1], [2, 3]]})
columns_of(table, list(leaves_of(table.schema)))
print(*sorted(set(sys.modules) - before))
"""


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hdf5")
    arrays = formats.arrays(ENTRIES, rows=False)
    (sample,) = (each for each in formats.SAMPLES if each.name == "hdf5 table")
    sample.write(folder / "good.h5", arrays)
    return folder


def read(source, path):
    return oracle.entries_read(source, path, "Events")


def parent(process):
    """Return the number of the process that started a process; no name with spaces misleads it."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def is_of_this_one(process):
    """Say whether this process started a process, itself or through others."""
    while process > 1 and process != os.getpid():
        process = parent(process)
    return process == os.getpid()


def processes():
    """Return the processes of this one that stand in a folder of a reading."""
    found = set()
    for each in Path("/proc").glob("[0-9]*/cwd"):
        process = int(each.parent.name)
        try:
            if "mlaas-reading-" in str(each.readlink()) and is_of_this_one(process):
                found.add(process)
        except OSError:  # it is gone, or somebody else's
            continue
    return found


def breaking(good):
    """Yield the file with one byte changed after the other, where libhdf5 describes the table."""
    for place in range(800, 960):
        yield good[:place] + bytes([good[place] ^ 128]) + good[place + 1 :]


def test_files_that_break_libhdf5_are_damaged_and_others_go_on(source, folder):
    good = (folder / "good.h5").read_bytes()
    before, reasons = os.getpid(), []
    for number, data in enumerate(breaking(good)):
        path = folder / f"changed{number}.h5"
        path.write_bytes(data)
        try:
            read(source, path)
        except InvalidRequestError as error:
            reasons.append(str(error))
        path.unlink()

    assert any("breaks the library that reads it" in each for each in reasons)
    assert all("changed" in each for each in reasons)
    assert read(source, folder / "good.h5") == ENTRIES
    assert os.getpid() == before


def test_a_process_that_is_gone_is_started_again(source, folder):
    before = processes()
    survey = source.survey(str(folder / "good.h5"), "Events", ["x"])
    (child,) = processes() - before
    os.kill(child, signal.SIGKILL)

    with pytest.raises(ServiceUnavailableError, match="was ended from outside"):
        list(source.read(survey, ["x"], 0, 10))
    (block,) = source.read(survey, ["x"], 0, 10)

    assert block.entries == 10


def test_what_is_prepared_for_avro_is_not_imported_again_for_each_file():
    command = [sys.executable, "-c", _PREPARES_AND_READS]
    told = subprocess.run(command, check=True, capture_output=True, text=True)

    assert told.stdout.split() == []


def test_processes_end_with_what_is_kept_of_the_files(folder):
    before = processes()
    source = DataFiles(MemoryStore(lambda: 0.0))
    for number in range(table.OPEN_TABLES + 2):
        path = folder / f"copy{number}.h5"
        path.write_bytes((folder / "good.h5").read_bytes())
        assert read(source, path) == ENTRIES

    assert len(processes() - before) <= table.OPEN_TABLES
    del source
    gc.collect()
    assert processes() - before == set()


def test_a_file_on_a_server_gives_the_same(source, folder):
    with web_server(functools.partial(RangeHandler, directory=str(folder))) as prefix:
        assert read(source, f"{prefix}/good.h5") == ENTRIES
        assert source.trees(f"{prefix}/good.h5") == ("Events",)


@pytest.mark.parametrize(
    "asked",
    [[[0, 11]], [[5, 5]], [[-1, 5]], [[1]], 7, [["x", "y"]], [[0, 1e999]]],
    ids=str,
)
def test_a_reader_gets_no_bytes_that_the_file_has_not(asked):
    with pytest.raises(frames.FrameError):
        table._spans(asked, 10)


def test_what_lies_in_other_files_stays_there(source, tmp_path):
    secret = tmp_path / "secret.bin"
    np.arange(10.0).tofile(secret)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=np.zeros(10))
        file.create_dataset("y", (10,), float, external=[(str(secret), 0, 80)])
        file["z"] = h5py.ExternalLink(str(tmp_path / "b.h5"), "/x")

    info = source.describe(str(tmp_path / "a.h5"), "")

    assert [branch.name for branch in info.branches] == ["x"]
