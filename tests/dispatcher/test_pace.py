import asyncio
from collections.abc import Iterator

from mlaas4hep.dispatcher.pace import Pace


def allowed_after(ready: Iterator[bool], pauses_s: tuple[float, float]) -> bool:
    """Return whether there may be calls again, when a function that was away has been reopened."""

    async def is_ready() -> bool:
        if (answer := next(ready, None)) is None:
            raise ConnectionResetError
        return answer

    async def wait() -> bool:
        reopened = asyncio.Event()
        pace = Pace("specs", 4, is_ready, reopened.set, pauses_s)
        pace.went_away()
        assert not pace.allows(0)
        async with asyncio.timeout(60):
            await reopened.wait()
        return pace.allows(0) and not pace.allows(1)

    return asyncio.run(wait())


def test_a_function_that_comes_back_is_called_before_the_pause_is_over():
    assert allowed_after(iter([False, False, True]), (3600.0, 3600.0))


def test_a_function_that_says_it_is_ready_and_is_of_no_use_has_its_pause():
    assert allowed_after(iter([True, True, True]), (1.2, 1.2))  # and is not asked a fourth time


def test_a_look_that_fails_keeps_no_function_shut_for_ever():
    assert allowed_after(iter([]), (3600.0, 3600.0))


def test_a_function_bears_more_and_more_until_it_is_busy():
    async def none() -> bool:
        return True

    pace = Pace("specs", 3, none, lambda: None)
    pace.bears(0)
    assert pace.allows(0)
    assert not pace.allows(1)
    for _ in range(9):
        pace.bore()
    assert pace.allows(2)
    assert not pace.allows(3)


def test_nothing_is_called_when_it_has_stopped():
    async def stopped() -> tuple[bool, int]:
        pace = Pace("specs", 3, lambda: asyncio.sleep(0, True), lambda: None)
        pace.stop()
        pace.went_away()
        return pace.allows(0), len(asyncio.all_tasks())

    assert asyncio.run(stopped()) == (False, 1)
