"""Where a run of this machine keeps what it has, so that the same command goes on when it was ended.

The folder `.NAME.unfinished` lies beside the model that the run makes. It goes when the run is done
or has failed, and stays when the run was interrupted or killed in mid-training.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlaas4hep.adapters.temporary import locked_folder
from mlaas4hep.core import sealed
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import DamagedError, NotFoundError
from mlaas4hep.ports import Services


@contextmanager
def work_folder(out: Path) -> Iterator[Path]:
    """Give the folder of the run that makes `out`; a temporary one if that is in use."""
    out = out.absolute()
    folder = out.with_name(f".{out.name}.unfinished")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        with locked_folder() as temporary:
            yield temporary
        return
    keep = False
    try:
        yield folder
    except KeyboardInterrupt:
        keep = is_worth_keeping(folder)
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def is_worth_keeping(folder: Path) -> bool:
    """Tell whether a training can go on from what lies in a folder."""
    return any(folder.glob(f"runs/*/*/{files.CHECKPOINT}"))


def same_run(request: Request, model: str, services: Services) -> Run | None:
    """Return the unfinished run of the same request and model, if there is one."""
    try:
        before = sealed.load(Run, _stored(request, files.RUN, services))
        is_same = (
            _stored(request, files.REQUEST, services) == sealed.dump(request)
            and _stored(request, files.MODEL, services) == model.encode()
        )
    except (NotFoundError, DamagedError):
        return None
    return before if is_same else None


def _stored(request: Request, name: str, services: Services) -> bytes:
    return services.runs_files.get(files.key(request.owner, request.run, name))
