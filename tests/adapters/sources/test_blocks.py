"""Blocks that are kept: made once, bounded in memory, the same from memory and from the disk."""

import threading

import numpy as np
import pytest

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.spool import BlockSpool
from mlaas4hep.core.data.columns import Columns, Jagged
from tests import oracle


def _block(seed, n=100):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate(([0], np.cumsum(rng.integers(0, 4, n))))
    total = int(offsets[-1])
    return Columns(
        entries=n,
        flat={"x": rng.normal(size=n).astype(np.float32), "b": rng.random(n) > 0.5},
        jagged={
            "J_pt": Jagged(content=rng.normal(size=total), offsets=offsets),
            "J_n": Jagged(content=rng.integers(0, 9, total).astype(np.uint8), offsets=offsets),
        },
    )


class _Maker:
    def __init__(self):
        self.made = []

    def __call__(self, seed):
        def make():
            self.made.append(seed)
            return _block(seed)

        return make


@pytest.fixture
def maker():
    return _Maker()


@pytest.mark.parametrize("limit_bytes", [1, 10_000, 1_000_000])
def test_rows_are_the_same_from_memory_and_from_the_disk(tmp_path, maker, limit_bytes):
    kept = KeptBlocks(BlockSpool(str(tmp_path)), limit_bytes=limit_bytes)

    for start in range(0, 100, 20):
        for seed in range(8):
            rows = kept.rows(seed, maker(seed), start, start + 20)
            expected = _block(seed).rows(start, start + 20)
            assert oracle.entries_of(rows) == oracle.entries_of(expected)
            assert rows.jagged["J_pt"].offsets is rows.jagged["J_n"].offsets

    assert sorted(maker.made) == list(range(8))


def test_a_block_whose_end_was_handed_out_is_not_written(tmp_path, maker):
    spool = BlockSpool(str(tmp_path))
    kept = KeptBlocks(spool, limit_bytes=1)

    kept.rows("a", maker(1), 50, 100)
    kept.rows("b", maker(2), 0, 50)
    kept.rows("c", maker(3), 0, 50)

    assert spool.rows("a", 0, 1) is None
    assert spool.rows("b", 0, 1) is not None


def test_the_oldest_blocks_on_the_disk_are_overwritten():
    size = max(_block(seed).size_bytes for seed in range(9))
    spool = BlockSpool(limit_bytes=3 * size)

    for seed in range(9):
        spool.put(seed, _block(seed))

    there = [seed for seed in range(9) if spool.rows(seed, 0, 1) is not None]
    assert there in ([7, 8], [6, 7, 8])
    for seed in there:
        expected = _block(seed).rows(10, 90)
        assert oracle.entries_of(spool.rows(seed, 10, 90)) == oracle.entries_of(expected)


def test_a_disk_that_cannot_be_written_only_costs_time(maker):
    kept = KeptBlocks(BlockSpool("/nowhere/at/all"), limit_bytes=1)

    for _ in range(2):
        for seed in range(3):
            assert kept.rows(seed, maker(seed), 0, 10).entries == 10

    assert len(maker.made) > 3


def test_threads_that_ask_at_once_get_one_block(maker):
    kept = KeptBlocks(BlockSpool())
    asked, made = threading.Barrier(4), threading.Event()
    found = []

    def slow():
        made.wait(60)
        return maker(1)()

    def ask():
        asked.wait(60)
        found.append(kept.rows("a", slow, 0, 50))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    asked.wait(60)
    made.set()
    for thread in threads:
        thread.join()

    assert maker.made == [1]
    assert len(found) == 3


def test_an_error_is_told_to_whoever_asked_and_the_next_one_tries_again(maker):
    kept = KeptBlocks(BlockSpool())

    def broken():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept.rows("a", broken, 0, 5)

    assert kept.rows("a", maker(1), 0, 5).entries == 5


def test_blocks_leave_in_the_order_of_their_last_use(tmp_path, maker):
    spool = BlockSpool(str(tmp_path))
    kept = KeptBlocks(spool, limit_bytes=2 * max(_block(seed).size_bytes for seed in range(3)))

    for seed in (0, 1, 0, 2):
        kept.rows(seed, maker(seed), 0, 50)

    assert [spool.rows(seed, 0, 1) is not None for seed in range(3)] == [False, True, False]


def test_a_block_larger_than_all_room_is_read_from_the_disk_by_the_next(maker):
    kept = KeptBlocks(BlockSpool(), limit_bytes=1)

    for start in (0, 50):
        rows = kept.rows("a", maker(1), start, start + 50)
        assert oracle.entries_of(rows) == oracle.entries_of(_block(1).rows(start, start + 50))

    assert maker.made == [1]
