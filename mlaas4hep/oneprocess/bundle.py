"""The folder into which a run of this machine writes its model."""

import shutil
import tempfile
from pathlib import Path

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import ConflictError
from mlaas4hep.ports import Services

_MARK = "contract.json"  #: every bundle that a training made has it
_PERSONS = "files.txt"  #: and no bundle has this


def check(out: Path) -> None:
    """See whether a model can be written here; nothing is left behind.

    Raises:
        ConflictError: the folder holds something else, or nobody may write here.
    """
    if out.exists() and not out.is_dir():
        raise ConflictError(f"{str(out)!r} is a file", hint="choose another --out")
    if out.is_dir() and any(out.iterdir()) and not _is_bundle(out):
        raise ConflictError(f"{str(out)!r} exists and is no model", hint="choose another --out")
    parent = next(each for each in out.absolute().parents if each.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=".mlaas4hep-", dir=parent):
            pass
    except OSError as error:
        raise ConflictError(
            f"no model can be written to {str(out)!r}: {str(parent)!r}: {error.strerror}",
            hint="choose another --out",
        ) from error


def save(run: Run, services: Services, out: Path) -> None:
    """Write the bundle of a run's model, in place of an earlier one; it appears as a whole.

    Raises:
        ConflictError: as `check`.
    """
    check(out)
    record = wire.load(ModelRecord, services.models.get(keys.model(run.owner, run.model)))
    target = out.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".mlaas4hep-", dir=target.parent) as work:
        fresh = Path(work) / "new"
        for file in record.files:
            key = keys.model_file(record.owner, record.name, record.version, file)
            path = fresh / file
            path.parent.mkdir(parents=True, exist_ok=True)
            with services.models.open(key) as content, path.open("wb") as written:
                shutil.copyfileobj(content, written)
        _put_in_place(fresh, target, Path(work) / "old")


def _put_in_place(fresh: Path, target: Path, aside: Path) -> None:
    """Rename a folder to `target`; what was there comes back if that fails."""
    if not target.exists():
        fresh.rename(target)
        return
    target.rename(aside)
    try:
        fresh.rename(target)
    except BaseException:
        aside.rename(target)
        raise


def _is_bundle(folder: Path) -> bool:
    return (folder / _MARK).is_file() and not (folder / _PERSONS).exists()
