"""What is fuzzed: a name, good inputs, and what reads them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Read = Callable[[bytes], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader of strangers' bytes."""

    name: str
    make: Callable[[Path], Read]  #: in a process and folder of its own; imports what it needs
    seeds: Callable[[Path], Sequence[bytes]]  #: good inputs
    words: tuple[bytes, ...] = field(default=())  #: pieces that mean something to the reader
    mended: Callable[[bytes], bytes] | None = None  #: puts right what a reader checks first
    may_break: bool = False  #: it is read where a process may end: that is counted, and no finding
    seconds: int = 5  #: of processor time, for one input
    share: float = 1.0  #: of the time, compared with the others
