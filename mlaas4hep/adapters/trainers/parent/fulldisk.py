"""A training that failed because the disk was full: nobody's fault, and it may be tried again."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from mlaas4hep.errors import PermanentError, ServiceUnavailableError

_ROOM_BYTES = 1024**2  #: a disk with less has no room for anything that a training writes
_SAYS = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT))


def unless_full(error: PermanentError, work: Path) -> PermanentError | ServiceUnavailableError:
    """Return why a training ended: the reason it gave, unless its disk has no room.

    Args:
        error: what it told.
        work: its folder, with all that it wrote still in it.
    """
    problem = error.problem
    is_told = problem.file != "model.py" and any(said in problem.message for said in _SAYS)
    if not is_told and _has_room(work):
        return error
    return ServiceUnavailableError(
        f"the disk of trainings is full: {problem.message}",
        stage="train",
        hint="an operator has to make room; the training goes on by itself then",
    )


def _has_room(folder: Path) -> bool:
    with suppress(OSError):
        return shutil.disk_usage(folder).free >= _ROOM_BYTES
    return True
