"""SIGTERM and SIGHUP end a command as Ctrl-C does: what it started and wrote is cleared up."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt where the main thread is when such a signal comes.

    A signal that is ignored, as `nohup` wants it, stays ignored.

    Raises:
        SystemExit: one came and all is cleared up; with 128 and its number, as shells tell it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        for each in _ENDING:  # one is enough: what follows is clearing up
            signal.signal(each, signal.SIG_IGN)
        came.append(number)
        raise KeyboardInterrupt

    handlers = {number: signal.getsignal(number) for number in _ENDING}
    before = {number: each for number, each in handlers.items() if each is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        if came:
            sys.exit(128 + came[0])
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
