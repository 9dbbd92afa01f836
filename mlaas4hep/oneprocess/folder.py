"""A request from files of this machine, for runs in this process."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlaas4hep.adapters.trainers.loading import installed
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests import frameworks, modelcode, parse
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import InputFile, Params, Request, Resources
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError, MlaasError

OWNER = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The files that a run is made of; None: not given."""

    files: Path
    params: Path
    labels: Path | None = None
    preproc: Path | None = None
    model: Path | None = None

    @classmethod
    def of(cls, folder: Path) -> "Texts":
        """Return the usual names in a folder; preproc.json may be missing.

        Raises:
            InvalidRequestError: another one is, or the folder.
        """
        if not folder.is_dir():
            raise InvalidRequestError(f"{str(folder)!r} is not a folder", file=str(folder))
        names = ("files.txt", "params.json", "labels.txt", "model.py")
        for name in names:
            if not (folder / name).is_file():
                found = nearest(name, (path.name for path in folder.iterdir()))
                raise InvalidRequestError(
                    f"there is no {name} in {str(folder)!r}", file=name, hint=found
                )
        preproc = folder / "preproc.json"
        return cls(
            files=folder / "files.txt",
            params=folder / "params.json",
            labels=folder / "labels.txt",
            preproc=preproc if preproc.is_file() else None,
            model=folder / "model.py",
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

    def member(name: str) -> str | None:
        beside = path.parent / name
        return read_text(beside) if beside.is_file() else None

    with _in(path):
        return parse.parse_params(read_text(path), member)


def read_request(texts: Texts, run: str, resources: Resources) -> Request:
    """Return the request that the files make.

    Raises:
        InvalidRequestError: one of them is wrong; the message names it.
    """
    params = read_params(texts.params)
    with _in(texts.files):
        files = parse.parse_files(
            read_text(texts.files), params, lambda name: _place(name, texts.files.parent)
        )
    preproc = "" if texts.preproc is None else read_text(texts.preproc)
    if texts.preproc is not None:
        with _in(texts.preproc):
            Preproc.parse(preproc)
    labels = _labels(texts.labels, files)
    return Request(
        owner=OWNER,
        run=run,
        folder=run.rpartition("_")[0],
        upload="",
        files=files,
        labels=labels.scored_for(params.positive),
        params=params.for_labels(labels),
        model_sha256=hashlib.sha256(_model(texts.model, params).encode()).hexdigest(),
        preproc=preproc,
        resources=resources,
    )


def read_model(path: Path | None) -> str:
    """Return the text of a model.py that can be one; empty without one."""
    if path is None:
        return ""
    text = read_text(path)
    modelcode.check(text, str(path))
    return text


def _model(path: Path | None, params: Params) -> str:
    """Return the text of a model.py whose framework is installed here."""
    text = read_model(path)
    if path is not None:
        with _in(path):
            imported = modelcode.packages(text, str(path))
            frameworks.choose(imported, params.framework, installed())
    return text


def _labels(path: Path | None, files: tuple[InputFile, ...]) -> Labels:
    if path is None:
        return Labels(values=(0.0,) * len(files))
    with _in(path):
        return parse.parse_labels(read_text(path), files)


def _place(name: str, folder: Path) -> str:
    """Return where a name of files.txt is read from: relative names lie beside it."""
    if "://" in name:
        return name
    path = Path(name).expanduser()
    if not path.is_absolute():
        path = folder / path
    return str(path.resolve())


@contextmanager
def _in(path: Path) -> Iterator[None]:
    try:
        yield
    except MlaasError as error:
        raise error.located(file=str(path)) from error.__cause__
