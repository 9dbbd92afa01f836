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
        slow = [asyncio.ensure_future(made.result("a", lambda: gate.wait(10))) for _ in range(3)]
        other = await made.result("b", lambda: "answer")
        is_waiting = not any(each.done() for each in slow)
        gate.set()
        return other, is_waiting, await asyncio.gather(*slow)

    assert asyncio.run(scene()) == ("answer", True, [True] * 3)


def test_what_work_raises_is_raised(made):
    def work():
        raise InvalidRequestError("wrong")

    with pytest.raises(InvalidRequestError, match="wrong"):
        asyncio.run(made.result("a", work))


def test_too_much_waiting_work_of_one_owner_is_refused(made):
    gate = threading.Event()

    async def scene():
        slow = [asyncio.ensure_future(made.result("a", lambda: gate.wait(10))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(ServiceUnavailableError, match="2 calls wait"):
            await made.result("a", lambda: None)
        answered = await made.result("b", lambda: "answer")
        gate.set()
        await asyncio.gather(*slow)
        return answered

    assert asyncio.run(scene()) == "answer"
