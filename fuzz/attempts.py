"""One input: made from seed, target and number, read, and judged."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from fuzz.mutator import mutated
from fuzz.target import Read, Target
from mlaas4hep.errors import MlaasError

_MENDED = 0.8  #: of the inputs that can be


class TooLongError(BaseException):
    """An input took more time than any may; no `except Exception` hides it."""


def change(target: Target, goods: Sequence[bytes], seed: int, number: int) -> bytes:
    """Return an input; the same one for the same numbers."""
    dice = Random(f"{seed} {target.name} {number}")  # noqa: S311 - not for secrets
    changed = mutated(dice.choice(goods), dice, target.words)
    return target.mended(changed) if target.mended and dice.random() < _MENDED else changed


def attempt(read: Read, data: bytes, seconds: int) -> str:
    """Return "read", or the class of our own error; raises what should not happen."""
    try:
        with _deadline(seconds):
            read(data)
    except MlaasError as error:
        return type(error).__name__
    return "read"


@contextmanager
def _deadline(seconds: int) -> Iterator[None]:
    """Ring after so much processor time: on a busy machine others take the rest.

    Who waits for ever is found by who watches the process.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def ring_or_end(*, may_end: bool) -> None:
    """Let what takes too long be raised in this process, or end it: no library in C hears that."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL if may_end else _ring)


def _ring(*_: object) -> None:
    raise TooLongError("more time than an input may take")
