"""of-watchdog, if it started this process: it lives on when its function ends with 0.

Nothing listens behind it then, it says that it is healthy, and nobody starts the function again. So
a function that was told to end without its watchdog (an operator's `kill`, a killer of processes
that take too much memory) ends with 1, upon which the watchdog and its container end, too. One that
ends together with its watchdog leaves it the time to hand over the last answers, and ends with 0.
"""

import os
import select
from collections.abc import Mapping

_PARENT = os.getppid()  #: when we began; a process whose parent is gone has another one
_STARTED_BY_IT = "fprocess"  #: what it starts; in its environment, and so in ours
LISTENS_ON_S = (
    5.0  #: a watchdog after SIGTERM, if all is answered: the image's `healthcheck_interval`
)
#: Counted from the last answer, which may be `serve.GRACE_S` after SIGTERM: the two do not overlap,
#: and together are what a function may take to end.
TOLD_S = LISTENS_ON_S + 3.0


def exit_code(
    *, is_well: bool, environ: Mapping[str, str] = os.environ, told_s: float = TOLD_S
) -> int:
    """Return what a function that has served ends with; waits until the watchdog is gone.

    Args:
        is_well: it served until it was told to end.
        environ: of this process.
        told_s: a watchdog that is still there after so long was not told to end.
    """
    if not is_well:
        return 1
    return int(_STARTED_BY_IT in environ and not _parent_ends(told_s))


def _parent_ends(timeout_s: float) -> bool:
    try:
        parent = os.pidfd_open(_PARENT)
    except OSError:  # it is gone, or nobody may look
        return True
    try:
        return os.getppid() != _PARENT or bool(select.select([parent], [], [], timeout_s)[0])
    finally:
        os.close(parent)
