import asyncio
from contextlib import suppress

from mlaas4hep.laptop.tasks import end


async def careless(ended):
    """Lose the first cancellation."""
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(True)


def test_a_task_that_loses_its_cancellation_ends_all_the_same():
    async def run():
        ended = []
        task = asyncio.create_task(careless(ended))
        await asyncio.sleep(0)
        await end(task, again_s=0.01)
        return ended, task.cancelled()

    assert asyncio.run(run()) == ([True], True)


def test_what_ended_by_itself_is_left_as_it_is():
    async def run():
        async def failing():
            raise ValueError

        task = asyncio.create_task(failing())
        await asyncio.sleep(0)
        await end(task)
        await end()
        return type(task.exception())

    assert asyncio.run(run()) is ValueError
