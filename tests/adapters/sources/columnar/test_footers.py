"""The process that reads footers of Parquet files serves every thread, and is replaced when it ends."""

import io
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from pyarrow import parquet

from mlaas4hep.adapters.sources.columnar.footers import Footers


def _footer(values):
    file = io.BytesIO()
    parquet.write_table(pa.table({"x": values}), file)
    data = file.getvalue()
    return data[-8 - int.from_bytes(data[-8:-4], "little") :]


FOOTER = _footer([1.5, None, 2.5])


@pytest.fixture(scope="module")
def footers():
    found = Footers()
    yield found
    found._child.end()


def test_the_process_outlives_the_thread_that_asked_first(footers):
    with ThreadPoolExecutor(1) as thread:
        (first,) = thread.submit(footers.read, FOOTER).result()
    process = footers._child

    (second,) = footers.read(FOOTER)

    assert (first.gaps, second) == (1, first)
    assert footers._child is process


def test_a_damaged_footer_ends_nothing(footers):
    footers.read(FOOTER)
    process = footers._child

    with pytest.raises(ValueError, match="Parquet file size"):
        footers.read(FOOTER[:-8][: len(FOOTER) // 2] + FOOTER[-8:])

    assert footers.read(FOOTER)
    assert footers._child is process


def test_a_footer_that_ends_the_process_is_damage_and_the_next_one_is_read(footers):
    double_in_schema = b"\x15\x0a"  # the first of two places that tell the column's type

    with pytest.raises(ValueError, match="contradicts itself"):
        footers.read(FOOTER.replace(double_in_schema, b"\x15\x00", 1))

    assert footers.read(FOOTER)


def test_a_process_that_was_killed_is_no_damage_of_the_next_file(footers):
    footers.read(FOOTER)
    os.kill(footers._child._process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, footers._child._process.pid, os.WEXITED | os.WNOWAIT)

    assert footers.read(FOOTER)
