"""ROOT files whose parts take more memory than a process may have."""

import re
import subprocess
import sys

import pytest

_ROOM = 100 * 1024**2  #: bytes that the reader may take
_WRITES = """
import sys, numpy, uproot

zeros = numpy.zeros(int(sys.argv[3]))
with uproot.recreate(sys.argv[1], compression=getattr(uproot, sys.argv[2])(1)) as file:
    if sys.argv[4] == "tree":
        file.mktree("t", {"a": "f8"})
        file["t"].extend({"a": zeros})
    else:
        file.mkrntuple("t", {"a": zeros})
"""
_READS = f"""
import re, resource, sys
from pathlib import Path

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import MlaasError

source, path = DataFiles(MemoryStore(lambda: 0.0)), sys.argv[1]
info = source.describe(path, "t")
told = re.search(r"VmData:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
resource.setrlimit(resource.RLIMIT_DATA, [int(told[1]) * 1024 + {_ROOM}] * 2)
try:
    survey = source.survey(path, "t", ["a"])
    print(sum(block.entries for block in source.read(survey, ["a"], 0, info.entries)))
except MlaasError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("kind", ["tree", "ntuple"])
@pytest.mark.parametrize("codec", ["ZSTD", "LZ4"])
def test_a_part_for_which_there_is_no_memory_is_not_called_damaged(tmp_path, codec, kind):
    """Others may have the memory now: a run whose file is good waits, and does not fail."""
    said = _said(tmp_path / "a.root", codec, 25_000_000, kind)

    assert re.match(r"ServiceUnavailableError .*a\.root'.* more memory than there is", said), said


@pytest.mark.parametrize("kind", ["tree", "ntuple"])
def test_parts_that_inflate_to_thousands_of_times_the_file_are_refused_before(tmp_path, kind):
    said = _said(tmp_path / "a.root", "ZSTD", 40_000_000, kind)

    assert re.match(r"TooLargeError .*a\.root' has \d+ bytes and inflates to", said), said


def _said(path, codec, entries, kind):
    """Write so many zeros, and return what a reader with little memory says of them."""
    subprocess.run([sys.executable, "-c", _WRITES, path, codec, str(entries), kind], check=True)
    read = [sys.executable, "-c", _READS, path]
    return subprocess.run(read, check=True, capture_output=True, text=True).stdout
