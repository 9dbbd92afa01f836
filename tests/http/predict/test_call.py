import asyncio

from mlaas4hep.errors import QuotaError
from mlaas4hep.faas.bodies import Bodies
from mlaas4hep.http.predict.call import PLACES, SHORT, Call


async def read_together(bodies, first, headers=()):
    """Return what reading `bodies` bodies gives, all of which begin with `first` before any ends."""
    shared, go_on, begun = Bodies(), asyncio.Event(), []

    def call():
        async def receive():
            if scope in begun:
                await go_on.wait()
                return {"type": "http.request", "body": b"end", "more_body": False}
            begun.append(scope)
            return {"type": "http.request", "body": first, "more_body": True}

        scope = {"path": "/json", "method": "POST", "headers": list(headers), "is": object()}
        return Call.of(scope, receive, shared)

    tasks = [asyncio.create_task(call().read(10 * SHORT)) for _ in range(bodies)]
    refused = [task for task in tasks[PLACES:] if not await passes(task)]
    go_on.set()
    await asyncio.wait(tasks)
    return len(refused), {task.result() for task in tasks if task not in refused}


async def passes(task):
    """Tell whether a task waits, once all that can go on without waiting has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)
    return not (task.done() and isinstance(task.exception(), QuotaError))


def test_short_bodies_in_pieces_need_no_place():
    """of-watchdog passes every body on in pieces and does not say how long it is."""
    refused, read = asyncio.run(read_together(3 * PLACES, b"short "))

    assert (refused, read) == (0, {b"short end"})


def test_bodies_that_are_large_or_say_so_take_a_place():
    large = b"x" * (SHORT + 1)
    announced = [(b"content-length", b"%d" % (SHORT + 1))]

    assert asyncio.run(read_together(3 * PLACES, large)) == (2 * PLACES, {large + b"end"})
    assert asyncio.run(read_together(3 * PLACES, b"x", announced))[0] == 2 * PLACES
