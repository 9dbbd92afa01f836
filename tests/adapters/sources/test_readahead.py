"""The next block is made while the last one is worked on."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mlaas4hep.adapters.sources.readahead import one_ahead
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.errors import OverdueError, StoppingError
from mlaas4hep.ports import Stopping

BLOCKS = [Columns(entries=number, flat={}, jagged={}) for number in (1, 2, 3)]


@pytest.fixture
def helper():
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_all_blocks_come_in_order(helper):
    assert [block.entries for block in one_ahead(iter(BLOCKS), helper, Stopping())] == [1, 2, 3]
    assert list(one_ahead(iter([]), helper, Stopping())) == []


def test_the_next_block_is_made_before_it_is_asked_for(helper):
    made = threading.Event()

    def blocks():
        yield BLOCKS[0]
        made.set()
        yield BLOCKS[1]

    found = one_ahead(blocks(), helper, Stopping())
    next(found)

    assert made.wait(60)
    assert next(found) is BLOCKS[1]


def test_an_error_comes_in_its_place(helper):
    def blocks():
        yield BLOCKS[0]
        raise ValueError("damaged")

    found = one_ahead(blocks(), helper, Stopping())

    assert next(found) is BLOCKS[0]
    with pytest.raises(ValueError, match="damaged"):
        next(found)


def test_whoever_stops_early_closes_the_reading(helper):
    closed = threading.Event()

    def blocks():
        try:
            yield from BLOCKS
        finally:
            closed.set()

    found = one_ahead(blocks(), helper, Stopping())
    next(found)
    found.close()

    assert closed.is_set()


def test_a_step_whose_time_is_over_waits_for_no_block_that_does_not_come(helper):
    stopping, released = Stopping(), threading.Event()

    def blocks():
        released.wait(60)
        yield BLOCKS[0]

    with pytest.raises(OverdueError, match="within 0 s"):
        next(one_ahead(blocks(), helper, stopping.within(0, time.monotonic)))
    assert not released.is_set()
    assert not stopping.is_asked
    released.set()


def test_a_step_hears_that_its_process_is_told_to_end(helper):
    stopping, released = Stopping(), threading.Event()

    def blocks():
        stopping.ask()
        released.wait(60)
        yield BLOCKS[0]

    with pytest.raises(StoppingError):
        next(one_ahead(blocks(), helper, stopping.within(600, time.monotonic)))
    released.set()


def test_who_is_told_to_end_waits_for_no_block_that_does_not_come(helper):
    stopping, released = Stopping(), threading.Event()

    def blocks():
        yield BLOCKS[0]
        stopping.ask()
        released.wait(60)
        yield BLOCKS[1]

    found = one_ahead(blocks(), helper, stopping)
    next(found)

    with pytest.raises(StoppingError):
        next(found)
    assert not released.is_set()
    released.set()
