"""A trained model in the layout of another tool, out of its bundle."""

import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from mlaas4hep.client import mlflow
from mlaas4hep.errors import InvalidRequestError

Format = Literal["onnx", "keras", "savedmodel", "torchscript", "mlflow"]

#: files, or folders, that each needs; the first one must be in the bundle
_PARTS: Mapping[Format, Sequence[str]] = {
    "onnx": ("model.onnx",),
    "keras": ("model.keras",),
    "savedmodel": ("saved_model.pb", "variables/", "assets/"),
    "torchscript": ("model.torchscript",),
    "mlflow": ("model.onnx",),
}
_ALWAYS = ("contract.json", "labels.txt")  #: what the numbers mean; other tools pass over them


def export(bundle: Path, target: Path, to: Format) -> tuple[str, ...]:
    """Write a model into a new folder, and return the paths of its files there.

    Args:
        bundle: tar.gz as `download` writes it.
        target: folder, which must not be there or be empty.
        to: whose layout it gets.

    Raises:
        InvalidRequestError: the bundle holds no such model, or the folder is not empty.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InvalidRequestError(f"{target} is there already", hint="--out with another folder")
    with tarfile.open(bundle) as packed:
        names = packed.getnames()
        if "fold0" in _folders(names):
            raise InvalidRequestError(
                "this is one model for each fold, and no other tool knows which of them has not "
                "learned from an entry",
                hint="`mlaas4hep model` fetches the bundle, with a folder for each fold; for one "
                'model, train with "validation" or "split" in place of "folds"',
            )
        if _PARTS[to][0] not in names:
            raise InvalidRequestError(
                f"the bundle holds no {_PARTS[to][0]}, which {to} is made of",
                hint=f"it can be exported to {', '.join(_possible(names)) or 'nothing'}; "
                "the run's log says why a model did not convert",
            )
        wanted = [name for name in names if name in _ALWAYS or _belongs(name, to)]
        for name in wanted:
            packed.extract(name, target, filter="data")
    if to == "mlflow":
        wanted += mlflow.write(target)
    return tuple(sorted(wanted))


def _folders(names: Sequence[str]) -> set[str]:
    return {name.partition("/")[0] for name in names}


def _possible(names: Sequence[str]) -> list[str]:
    return [to for to, parts in _PARTS.items() if parts[0] in names]


def _belongs(name: str, to: Format) -> bool:
    return any(
        name == part or (part.endswith("/") and name.startswith(part)) for part in _PARTS[to]
    )
