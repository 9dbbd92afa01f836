"""Parts of files, one after the other: those that come next from servers are on their way."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 8  #: parts that are begun: that is mostly waiting

Part = TypeVar("Part")
Entries = TypeVar("Entries")


def begun_ahead(
    parts: Iterable[Part],
    read: Callable[[Part], Iterator[Entries]],
    far_bytes: Callable[[Part], int],
    limit_bytes: int,
) -> Iterator[tuple[Part, Iterator[Entries]]]:
    """Yield each part with its entries; what the next ones begin with is being read meanwhile.

    What reading raises is raised where the entries are taken.

    Args:
        parts: in the order in which they are wanted.
        read: gives the entries of one, in blocks.
        far_bytes: of a part that lies on a server; 0 if it does not, and need not be begun early.
        limit_bytes: of the parts that are begun, unless a single one has more.
    """
    waiting: deque[tuple[Part, Iterator[Entries], int]] = deque()
    size_bytes = 0
    helper = ThreadPoolExecutor(AT_ONCE, "begin")
    try:
        for part in parts:
            size = far_bytes(part)
            waiting.append((part, _begun(read(part), helper) if size else read(part), size))
            size_bytes += size
            while len(waiting) > AT_ONCE or (len(waiting) > 1 and size_bytes > limit_bytes):
                first, entries, size = waiting.popleft()
                size_bytes -= size
                yield first, entries
        for first, entries, _ in waiting:
            yield first, entries
    finally:
        helper.shutdown(cancel_futures=True)


def _begun(blocks: Iterator[Entries], helper: Executor) -> Iterator[Entries]:
    return _continued(helper.submit(next, blocks, None), blocks)


def _continued(first: "Future[Entries | None]", blocks: Iterator[Entries]) -> Iterator[Entries]:
    block = first.result()
    if block is not None:
        yield block
        yield from blocks
