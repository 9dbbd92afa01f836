"""Entries block by block: in order, and a block that is kept needs no open file."""

import numpy as np
import pytest

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.spool import BlockSpool
from mlaas4hep.adapters.sources.windows import overlapping, read_through
from mlaas4hep.core.data.columns import Columns

EDGES = (0, 10, 20)


class _File:
    """Stands for an open file; entry i holds i."""

    def __init__(self):
        self.opened = 0

    def __call__(self, windows):
        self.opened += 1
        return (
            Columns(entries=stop - start, flat={"x": np.arange(start, stop)}, jagged={})
            for start, stop in windows
        )


@pytest.fixture
def file():
    return _File()


@pytest.fixture
def kept():
    return KeptBlocks(BlockSpool())


def _values(file, kept, start, stop, key="a"):
    windows = list(overlapping(EDGES, start, stop))
    blocks = read_through(windows, (start, stop), file, kept, key)
    return [int(x) for block in blocks for x in block.flat["x"]]


def test_entries_come_in_order_whether_blocks_are_whole_or_in_part(file, kept):
    for start, stop in ((0, 20), (3, 20), (0, 13), (4, 17), (5, 6)):
        assert _values(file, kept, start, stop) == list(range(start, stop))


def test_no_file_is_opened_for_a_block_that_is_kept(file, kept):
    for start in range(0, 10, 2):
        _values(file, kept, start, start + 2)

    assert file.opened == 1


def test_blocks_of_another_file_are_others(file, kept):
    _values(file, kept, 0, 5)
    _values(file, kept, 5, 10, key="b")

    assert file.opened == 2
