"""Parts that are begun before their turn: the order stays, and errors come where they belong."""

import threading

import pytest

from mlaas4hep.pipeline.preprocessing.lookahead import AT_ONCE, begun_ahead

PARTS = range(20)


def _entries(part):
    yield from ((part, block) for block in range(part % 3))


def _taken(read, far_bytes, limit_bytes=1000):
    begun = begun_ahead(PARTS, read, far_bytes, limit_bytes)
    return [(part, *entry) for part, blocks in begun for entry in blocks]


@pytest.mark.parametrize("far_bytes", [lambda _part: 0, lambda _part: 10, lambda part: 900 * part])
def test_parts_and_blocks_come_in_their_order(far_bytes):
    assert _taken(_entries, far_bytes) == [
        (part, *entry) for part in PARTS for entry in _entries(part)
    ]


def test_the_next_part_is_begun_while_one_is_worked_on():
    begun = threading.Event()

    def read(part):
        if part == 1:
            begun.set()
        yield part

    parts = begun_ahead(PARTS, read, lambda _part: 10, 15)
    next(parts)

    assert begun.wait(60)


def test_no_more_is_begun_than_fits():
    started = []

    def read(part):
        started.append(part)
        yield part

    parts = begun_ahead(PARTS, read, lambda _part: 10, 10**9)
    next(parts)
    parts.close()

    assert set(started) <= set(range(AT_ONCE + 1))


def test_an_error_is_raised_where_the_entries_are_taken():
    def read(part):
        if part == 1:
            raise ValueError("part 1")
        yield part

    parts = begun_ahead(PARTS, read, lambda _part: 10, 1000)

    assert list(next(parts)[1]) == [0]
    _, blocks = next(parts)
    with pytest.raises(ValueError, match="part 1"):
        list(blocks)
