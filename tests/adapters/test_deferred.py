import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mlaas4hep.adapters.deferred import deferred
from mlaas4hep.errors import ServiceUnavailableError


def test_nothing_is_made_before_it_is_used() -> None:
    made = []

    def make() -> list[int]:
        made.append("once")
        return [1, 2]

    numbers = deferred(make)
    assert made == []

    assert numbers.index(2) == 1
    assert numbers.count(2) == 1
    assert made == ["once"]


def test_many_threads_make_one() -> None:
    together = threading.Barrier(8)
    made: list[object] = []

    def make() -> str:
        made.append(object())
        return "text"

    text = deferred(make)

    def use(_: int) -> str:
        together.wait()
        return text.upper()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(use, range(8))) == {"TEXT"}
    assert len(made) == 1


def test_what_could_not_be_made_is_tried_again() -> None:
    tries = []

    def make() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ServiceUnavailableError("not yet")
        return "text"

    text = deferred(make)
    with pytest.raises(ServiceUnavailableError):
        text.upper()

    assert text.upper() == "TEXT"
