"""How tasks of the event loop end."""

import asyncio
from typing import Any

AGAIN_S = 1.0  #: after which who has not ended is cancelled once more


async def end(*tasks: asyncio.Task[Any], again_s: float = AGAIN_S) -> None:
    """Cancel tasks and return when all have ended.

    A library may lose a cancellation, as nats-py does where Python 3.11's `wait_for` loses one that
    comes with the result: such a task would go on for ever.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again_s)
    await asyncio.gather(*tasks, return_exceptions=True)
