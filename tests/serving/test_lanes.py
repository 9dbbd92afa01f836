import asyncio
import threading

import pytest

from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError
from mlaas4hep.serving.lanes import Lanes


@pytest.fixture
def made():
    made = Lanes(threads=3, of_owner=1, max_queued=2)
    yield made
    made.close()


def test_the_work_of_one_owner_holds_up_nobody_else(made):
    gate = threading.Event()

    async def scene():
        slow = [asyncio.ensure_future(made.result("a", lambda: gate.wait(60))) for _ in range(3)]
        other = await made.result("b", lambda: "answer")
        is_waiting = not any(each.done() for each in slow)
        gate.set()
        return other, is_waiting, await asyncio.gather(*slow)

    assert asyncio.run(scene()) == ("answer", True, [True] * 3)


def test_an_owner_without_work_gets_a_thread_where_others_hold_all_of_them():
    made, gate = Lanes(threads=4, of_owner=2), threading.Event()

    async def scene():
        slow = [
            asyncio.ensure_future(made.result(owner, lambda: gate.wait(60)))
            for owner in ("a", "b", "c", "d", "e")
            for _ in range(3)
        ]
        await asyncio.sleep(0)
        other = await made.result("f", lambda: "answer")
        is_waiting = not any(each.done() for each in slow)
        gate.set()
        return other, is_waiting, await asyncio.gather(*slow)

    try:
        assert asyncio.run(scene()) == ("answer", True, [True] * 15)
    finally:
        made.close()


def test_a_free_thread_goes_to_the_owner_that_waits_for_longest():
    made, gates, order = Lanes(threads=2, of_owner=2), [threading.Event() for _ in range(2)], []

    async def scene():
        held = [asyncio.ensure_future(made.result("ab"[n], gates[n].wait)) for n in range(2)]
        later = [
            asyncio.ensure_future(made.result(owner, lambda owner=owner: order.append(owner)))
            for owner in ("b", "a", "b", "a")
        ]
        await asyncio.sleep(0)
        gates[0].set()
        await asyncio.gather(held[0], *later)
        gates[1].set()
        await held[1]

    try:
        asyncio.run(scene())
    finally:
        made.close()

    assert order == ["b", "a", "b", "a"]


def test_what_work_raises_is_raised(made):
    def work():
        raise InvalidRequestError("wrong")

    with pytest.raises(InvalidRequestError, match="wrong"):
        asyncio.run(made.result("a", work))


def test_too_much_waiting_work_of_one_owner_is_refused(made):
    gate = threading.Event()

    async def scene():
        slow = [asyncio.ensure_future(made.result("a", lambda: gate.wait(60))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(ServiceUnavailableError, match="2 calls wait"):
            await made.result("a", lambda: None)
        answered = await made.result("b", lambda: "answer")
        gate.set()
        await asyncio.gather(*slow)
        return answered

    assert asyncio.run(scene()) == "answer"


def test_at_the_end_nothing_waits_for_what_has_begun_and_nothing_else_begins(made):
    begun, gate, ended, later = (threading.Event() for _ in range(4))
    troubles = []

    def work():
        begun.set()
        gate.wait(30)
        ended.set()

    async def scene():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, trouble: troubles.append(trouble))
        first = asyncio.ensure_future(made.result("a", work))
        second = asyncio.ensure_future(made.result("a", later.set))
        await loop.run_in_executor(None, begun.wait, 30)
        made.close()
        is_under_way = not ended.is_set()
        gate.set()
        await first
        await asyncio.sleep(0)  # in which the next one of the owner would begin
        second.cancel()
        return is_under_way

    assert asyncio.run(scene())
    assert not later.is_set()
    assert troubles == []
