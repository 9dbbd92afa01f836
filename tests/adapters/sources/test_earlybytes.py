"""What comes behind a range that is read in order is on its way before anybody asks for it."""

from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.earlybytes import EarlyAnswers, EarlyBytes
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.root.layout import RootLayout
from mlaas4hep.adapters.sources.root.tree import TreeReader
from mlaas4hep.core import wire
from mlaas4hep.errors import ServiceUnavailableError
from tests import oracle

DATA = bytes(range(200))
WINDOWS = [(start, start + 25) for start in range(0, 200, 25)]


class _Noted:
    """Bytes of a file; notes what is asked for."""

    def __init__(self, data=DATA):
        self.data = data
        self.asked = []
        self.is_down = False  #: no answer comes
        self.is_gone = False  #: nothing can be asked

    def ask(self, spans):
        if self.is_gone:
            self._silent()
        self.asked += spans
        return [self._silent if self.is_down else self._answer(*span) for span in spans]

    def _answer(self, start, stop):
        return lambda: memoryview(self.data)[start:stop]

    def _silent(self):
        raise ServiceUnavailableError("nobody answers")


def _taken(content, *spans):
    return [bytes(answer()) for answer in content.ask(spans)]


def test_what_was_asked_for_early_is_asked_for_once():
    server = _Noted()
    content = EarlyBytes(server, EarlyAnswers())
    content.ask_early([(0, 10), (20, 30)])
    content.ask_early([(20, 30), (40, 50)])

    assert _taken(content, (20, 30), (60, 70)) == [DATA[20:30], DATA[60:70]]
    assert server.asked == [(0, 10), (20, 30), (40, 50), (60, 70)]


def test_what_failed_early_is_asked_for_again():
    server = _Noted()
    content = EarlyBytes(server, EarlyAnswers())
    server.is_down = True
    content.ask_early([(0, 10)])
    server.is_down = False

    assert _taken(content, (0, 10)) == [DATA[:10]]


def test_what_cannot_be_asked_for_early_is_asked_for_when_it_is_wanted():
    server = _Noted()
    content = EarlyBytes(server, EarlyAnswers())
    server.is_gone = True
    content.ask_early([(0, 10)])
    server.is_gone = False

    assert _taken(content, (0, 10)) == [DATA[:10]]


def test_what_nobody_takes_makes_room():
    server = _Noted()
    content = EarlyBytes(server, EarlyAnswers(limit_bytes=50))
    content.ask_early([(0, 40)])
    content.ask_early([(40, 80), (80, 160)])
    server.asked.clear()

    _taken(content, (0, 40), (40, 80), (80, 160))

    assert server.asked == [(0, 40), (80, 160)]


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    path = tmp_path_factory.mktemp("early") / "a.root"
    x = np.random.default_rng(1).normal(size=200)
    oracle.write_tree(path, "t", {"x": x}, basket=25)
    survey = DataFiles(MemoryStore(lambda: 0.0)).survey(str(path), "t", ["x"])
    found = wire.load(RootLayout, survey.layout.encode())
    edges = (*(start for start, _ in WINDOWS), 200)
    return replace(found, edges=edges), path.read_bytes(), x


def _reader(layout):
    found, data, x = layout
    server = _Noted(data)
    content = EarlyBytes(server, EarlyAnswers())
    reader = TreeReader(content=content, reopen=lambda: None, check=lambda _size: None)

    def read(*windows):
        server.asked.clear()
        blocks = reader.blocks(found, frozenset({"x"}), windows)
        values = np.concatenate([block.flat["x"] for block in blocks])
        np.testing.assert_array_equal(values, x[windows[0][0] : windows[-1][1]])
        return len(server.asked)

    return read


def test_ranges_that_are_read_in_order_find_their_bytes(layout):
    read = _reader(layout)

    assert read(*WINDOWS[:2]) == len(WINDOWS)  # all of so small a file
    assert read(*WINDOWS[2:4]) == 0
    assert read(*WINDOWS[4:]) == 0


def test_what_is_expected_is_asked_for_before_it_is_read_and_once(layout):
    found, data, x = layout
    server = _Noted(data)
    reader = TreeReader(
        content=EarlyBytes(server, EarlyAnswers()), reopen=lambda: None, check=lambda _size: None
    )
    names = frozenset({"x"})
    reader.expect(found, names, WINDOWS)
    expected = len(server.asked)
    blocks = list(reader.blocks(found, names, WINDOWS))
    reader.expect(found, names, WINDOWS)

    assert expected == len(server.asked) == len(WINDOWS)
    np.testing.assert_array_equal(np.concatenate([block.flat["x"] for block in blocks]), x)


def test_a_file_that_is_read_once_more_is_read_ahead_once_more(layout):
    read = _reader(layout)
    for start in range(0, 8, 2):
        read(*WINDOWS[start : start + 2])

    assert read(*WINDOWS[:2]) == len(WINDOWS)
    assert read(*WINDOWS[2:4]) == 0


def test_what_others_have_begun_is_not_asked_for(layout):
    read = _reader(layout)

    assert read(*WINDOWS[4:6]) == 2  # it follows nothing that was read here
    assert read(*WINDOWS[:2]) == len(WINDOWS) - 2
