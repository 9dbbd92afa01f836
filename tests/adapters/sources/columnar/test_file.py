"""The file object that libraries read: the bytes are those of the file, in few questions."""

import random

import pytest

from mlaas4hep.adapters.sources.columnar.file import AHEAD_PAGES, PAGE_BYTES, PlaceFile
from mlaas4hep.adapters.sources.places.place import Ends, Place
from mlaas4hep.errors import PermanentError

DATA = random.Random(1).randbytes(40 * PAGE_BYTES + 1234)


class _Server:
    """Bytes of a server's file; counts how often it is asked."""

    def __init__(self, data):
        self._data = data
        self.questions = 0

    def ask(self, spans):
        self.questions += 1
        return [lambda span=span: self._bytes(*span) for span in spans]

    def _bytes(self, start, stop):
        if stop > len(self._data):
            raise EOFError
        return memoryview(self._data)[start:stop]


def _opened(data=DATA):
    size = len(DATA)
    server = _Server(data)
    place = Place(
        url="https://s/a", version=1, size_bytes=size, open=lambda _: server, ends=Ends(size)
    )
    return PlaceFile(place, server), server


def _read(file, start, size):
    file.seek(start)
    return file.read(size)


def test_bytes_are_those_of_the_file_wherever_they_are_read():
    file, _ = _opened()
    places = random.Random(2)

    for _ in range(200):
        start = places.randrange(len(DATA) + 100)
        size = places.choice((0, 1, 100, PAGE_BYTES, 5 * PAGE_BYTES, 33 * PAGE_BYTES))
        assert _read(file, start, size) == DATA[start : start + size]


def test_all_that_is_left_is_read_and_a_buffer_is_filled_as_far_as_it_goes():
    file, _ = _opened()
    buffer = bytearray(300)

    file.seek(len(DATA) - 700)
    count = file.readinto(buffer)
    rest = file.read()

    assert (count, bytes(buffer) + rest, file.tell()) == (300, DATA[-700:], len(DATA))
    assert (file.read(), file.readinto(buffer)) == (b"", 0)


def test_both_ends_come_with_one_question():
    file, server = _opened()

    assert _read(file, 0, 100) + _read(file, len(DATA) - 100, 100) == DATA[:100] + DATA[-100:]
    assert server.questions == 1


def test_who_reads_page_after_page_asks_once_for_several():
    file, server = _opened()
    _read(file, 0, 4)
    found = b"".join(_read(file, at, PAGE_BYTES) for at in range(0, len(DATA), PAGE_BYTES))

    assert found == DATA
    assert server.questions <= 2 + len(DATA) // PAGE_BYTES // AHEAD_PAGES


def test_a_file_that_became_shorter_is_named():
    file, _ = _opened(DATA[: 3 * PAGE_BYTES])

    with pytest.raises(PermanentError, match="changed"):
        _read(file, 5 * PAGE_BYTES, 10)
