"""A request from files of this machine, for runs in this process."""

import glob
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.places.locate import Locator
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.s3access import S3Access
from mlaas4hep.adapters.trainers.loading import installed
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests import parse
from mlaas4hep.core.requests.inputs import datasets, filelist
from mlaas4hep.core.requests.params.parse_fitting import has_label_columns
from mlaas4hep.core.requests.request import Params, Request, Resources
from mlaas4hep.core.requests.tarballs import companions, modelcode
from mlaas4hep.core.requests.usualfiles import absent_hint
from mlaas4hep.errors import InvalidRequestError, MlaasError
from mlaas4hep.usecases.build_request import Name, Surroundings, Text, Texts, build_request

OWNER = "local"
_LEFT = (".", "model/", "model.log")  #: how paths begin that runs have left in their folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The files that a run is made of; None: not given."""

    files: Path
    params: Path
    labels: Path | None = None
    preproc: Path | None = None
    model: Path | None = None

    @classmethod
    def of(cls, folder: Path) -> "Paths":
        """Return the usual names in a folder; preproc.json may be missing, files.json may stand in.

        Raises:
            InvalidRequestError: another one is, or the folder.
        """
        if not folder.is_dir():
            raise InvalidRequestError(f"{str(folder)!r} is not a folder", file=str(folder))
        files = folder / "files.txt"
        if not files.exists() and (folder / "files.json").is_file():
            files = folder / "files.json"
        params = folder / "params.json"
        has_labels = cls(files=files, params=params).says_labels
        names = [files.name, "params.json", "labels.txt", "model.py"]
        if has_labels and not (folder / "labels.txt").exists():
            names.remove("labels.txt")
        for name in names:
            if not (folder / name).is_file():
                found = absent_hint(name, [path.name for path in folder.iterdir()])
                raise InvalidRequestError(
                    f"there is no {name} in {str(folder)!r}", file=name, hint=found
                )
        preproc = folder / "preproc.json"
        return cls(
            files=files,
            params=params,
            labels=folder / "labels.txt" if "labels.txt" in names else None,
            preproc=preproc if preproc.is_file() else None,
            model=folder / "model.py",
        )

    @property
    def says_labels(self) -> bool:
        """Tell whether files.json or params.json says labels, so that labels.txt is not needed."""
        return (self.files.is_file() and filelist.has_labels(read_text(self.files))) or (
            self.params.is_file() and has_label_columns(read_text(self.params))
        )


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        InvalidRequestError: it cannot be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidRequestError(
            f"{str(path)!r} cannot be read: {error.strerror}", file=str(path)
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"{str(path)!r} is not a UTF-8 text", file=str(path)) from error


def read_params(path: Path) -> Params:
    """Return the parameters in a file; lists of branches may lie beside it."""
    try:
        return parse.parse_params(read_text(path), _beside(path.parent))
    except MlaasError as error:
        raise error.located(file=str(path)) from error.__cause__


def read_request(paths: Paths, run: str, resources: Resources, beside: bytes = b"") -> Request:
    """Return the request that the files make.

    Raises:
        InvalidRequestError: one of them is wrong; the message names it.
    """
    folder = paths.files.parent
    return build_request(
        Texts(
            files=_text(paths.files),
            params=_text(paths.params),
            labels=_text(paths.labels) if paths.labels else None,
            preproc=_text(paths.preproc) if paths.preproc else None,
            model=_text(paths.model) if paths.model else None,
            beside=beside,
        ),
        Name(owner=OWNER, folder=run.rpartition("_")[0], run=run),
        Surroundings(
            locate=lambda name: _place(name, folder),
            expand=lambda pattern: _matching(pattern, folder),
            member=_beside(paths.params.parent),
            frameworks=installed(),
        ),
        resources,
    )


def beside_of(folder: Path, listed: str) -> bytes:
    """Return a zip of the small files in a folder that model.py may import and read.

    What earlier runs left there is none of them, nor what `listed`, the text of files.txt, names.
    """
    found = (
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    sizes = ((path.relative_to(folder).as_posix(), path.stat().st_size) for path in found)
    shown = [(name, size) for name, size in sizes if not name.startswith(_LEFT)]
    return companions.packed(
        companions.chosen(shown, listed), lambda name: (folder / name).read_bytes()
    )


def read_model(path: Path | None) -> str:
    """Return the text of a model.py that can be one; empty without one."""
    if path is None:
        return ""
    text = read_text(path)
    modelcode.check(text, str(path))
    return text


def _text(path: Path) -> Text:
    return Text(name=str(path), text=read_text(path))


def _beside(folder: Path) -> Callable[[str], str | None]:
    """Return what reads a file of a folder, if it is there."""

    def member(name: str) -> str | None:
        return read_text(folder / name) if (folder / name).is_file() else None

    return member


def _place(name: str, folder: Path) -> str:
    """Return where a name of files.txt is read from: relative names lie beside it."""
    if "://" in name:
        return name
    path = folder / os.path.expanduser(name)  # noqa: PTH111 - pathlib fails for unknown people
    if not os.path.exists(path):  # noqa: PTH110 - pathlib fails for names that are too long
        script = folder / "get_data.py"
        hint = f"`python {script}` fetches it" if script.is_file() else ""
        if name.startswith("/store/"):
            hint = 'set "redirector": "root://host" in params.json'
        found = nearest(path.name, _names_in(path.parent))
        raise InvalidRequestError(f"{name!r} is not there", file=name, hint=hint or found)
    return str(path.resolve())


def _names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()] if folder.is_dir() else []


def _matching(pattern: str, folder: Path) -> list[str]:
    """Return the names that a pattern stands for, sorted."""
    if "://" in pattern or pattern.startswith(datasets.SCHEME):
        policy = ServerPolicy(
            s3=S3Access.of_environment(os.environ), datasets=os.environ.get("MLAAS_DATASETS", "")
        )
        return Locator(MemoryStore(time.time), policy).find(pattern)
    pattern = os.path.expanduser(pattern)  # noqa: PTH111 - pathlib fails for unknown people
    if os.path.exists(folder / pattern):  # noqa: PTH110 - a name may hold brackets
        return [pattern]
    found = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - not whole paths
    return sorted(name for name in found if not (folder / name).is_dir())
