"""Questions to servers, asked by a daemon thread: a silent one keeps nobody here who is told to end."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

from mlaas4hep.ports import Stopping

T = TypeVar("T")


def daemon_result(work: Callable[[], T], stopping: Stopping) -> T:
    """Return what `work` gives, done by a thread that nobody has to wait for.

    Raises:
        StoppingError: this process was told to end; the thread is left to itself.
    """
    answer: Future[T] = Future()
    context = copy_context()  # logs say for which run

    def answered() -> None:
        try:
            answer.set_result(context.run(work))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            answer.set_exception(error)

    threading.Thread(target=answered, name="question", daemon=True).start()
    return stopping.result(answer)
