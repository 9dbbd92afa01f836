"""Files that come slowly: each answer in time, and all of them together for hours."""

import threading
from dataclasses import dataclass

import pytest

from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web import pace
from mlaas4hep.adapters.sources.places.web.answer import SLOWEST
from mlaas4hep.adapters.sources.places.web.client import WebClient
from mlaas4hep.adapters.sources.places.web.pace import Paces, TooSlowError
from mlaas4hep.adapters.sources.places.web.place import AT_ONCE, WebPlaces
from mlaas4hep.errors import ServiceUnavailableError
from tests.adapters.sources.places.webserver import _PATHS, _good

URL = "https://server.example/a.root"


@dataclass
class Clock:
    """Seconds that pass when somebody says so."""

    now: float = 0.0

    def __call__(self):
        return self.now


def _asked(paces, clock, seconds, size_bytes, url=URL):
    with paces.asking(url) as answered:
        clock.now += seconds
        answered(size_bytes)


def _often(times, ask):
    for number in range(times):
        ask(number)


def _until_given_up(paces, clock, seconds, size_bytes):
    began = clock.now
    with pytest.raises(TooSlowError):
        _often(10_000, lambda _number: _asked(paces, clock, seconds, size_bytes))
    return clock.now - began


def test_a_file_that_drips_is_given_up_after_minutes():
    clock = Clock()

    took = _until_given_up(Paces(clock), clock, 14.0, 1000)

    assert took < pace.BEHIND_S + 30


def test_a_file_that_was_given_up_has_less_time_when_it_is_asked_for_again():
    clock = Clock()
    paces = Paces(clock)
    first = _until_given_up(paces, clock, 14.0, 1000)

    assert _until_given_up(paces, clock, 14.0, 1000) < first / 4


@pytest.mark.parametrize(("seconds", "size_bytes"), [(160.0, 160 * SLOWEST), (0.1, 100)])
def test_a_slow_server_gives_a_large_file_for_days(seconds, size_bytes):
    clock = Clock()
    paces = Paces(clock)

    for _ in range(10_000):
        _asked(paces, clock, seconds, size_bytes)

    assert clock.now >= 1000


def test_time_in_which_nobody_asks_does_not_count():
    clock = Clock()
    paces = Paces(clock)

    for _ in range(100):
        _asked(paces, clock, 0.5, 1000)
        clock.now += 3600

    _asked(paces, clock, 0.5, 1000)


def test_questions_that_are_open_together_count_once():
    clock = Clock()
    paces = Paces(clock)

    for _ in range(19):  # 266 s on the clock, 798 of all questions
        with paces.asking(URL), paces.asking(URL), paces.asking(URL):
            clock.now += 14

    _asked(paces, clock, 0, 0)


def test_another_file_has_time_of_its_own():
    clock = Clock()
    paces = Paces(clock)
    _until_given_up(paces, clock, 14.0, 1000)

    _asked(paces, clock, 1, 1, url=URL + "2")


def test_whoever_reads_is_told_that_the_file_comes_too_slowly(server):
    clock = Clock()
    client = WebClient(ServerPolicy(), clock=clock)

    def late(served, handler):
        clock.now += 14
        _good(served, handler)

    _PATHS["late"] = late
    try:
        with pytest.raises(ServiceUnavailableError, match="too slowly to wait for it") as told:
            _often(100, lambda at: client.get(f"{server.prefix}/late", (at, at + 10)))
    finally:
        del _PATHS["late"]

    assert "faster server" in told.value.problem.hint
    assert len(server.asked) < 25


def test_a_server_that_holds_all_its_questions_holds_up_no_other(server):
    places, held = WebPlaces(ServerPolicy()), threading.Event()

    def holding(served, handler):
        if not handler.headers["Range"].startswith("bytes=0-"):
            held.wait(30)
        _good(served, handler)

    _PATHS["holding"] = holding
    other = server.prefix.replace("127.0.0.1", "localhost")
    try:
        slow = places.locate(f"{server.prefix}/holding").open(None)
        waiting = [slow.ask([(50_000, 50_001)])[0] for _ in range(AT_ONCE + 1)]

        (answer,) = places.locate(f"{other}/good").open(None).ask([(30_000, 30_004)])
        assert len(answer()) == 4

        held.set()
        assert [len(each()) for each in waiting] == [1] * (AT_ONCE + 1)
    finally:
        held.set()
        del _PATHS["holding"]
