"""Reading ahead: while somebody works on a block, the next one is fetched and decoded."""

from collections.abc import Iterator
from concurrent.futures import Executor

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.ports import Stopping


def one_ahead(blocks: Iterator[Columns], helper: Executor, stopping: Stopping) -> Iterator[Columns]:
    """Yield the blocks as they are; `helper` makes the next one meanwhile, one after the other.

    What making a block raises is raised when it is asked for. Whoever stops early waits for the
    block that is being made, unless this process is told to end.

    Raises:
        StoppingError: it is, and a block does not come.
    """
    pending = helper.submit(next, blocks, None)
    try:
        while (block := stopping.result(pending)) is not None:
            pending = helper.submit(next, blocks, None)
            yield block
    finally:
        if not pending.cancel():
            stopping.wait(pending)
        if pending.done():
            getattr(blocks, "close", lambda: None)()
