"""One block ahead: while somebody works on a block, the next one is fetched and decoded."""

from collections.abc import Iterator
from concurrent.futures import Executor, wait

from mlaas4hep.core.data.columns import Columns


def one_ahead(blocks: Iterator[Columns], helper: Executor) -> Iterator[Columns]:
    """Yield the blocks as they are; `helper` makes the next one meanwhile, one after the other.

    What making a block raises is raised when it is asked for. Whoever stops early waits for the
    block that is being made.
    """
    pending = helper.submit(next, blocks, None)
    try:
        while (block := pending.result()) is not None:
            pending = helper.submit(next, blocks, None)
            yield block
    finally:
        if not pending.cancel():
            wait([pending])
        getattr(blocks, "close", lambda: None)()
