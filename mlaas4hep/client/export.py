"""A trained model in the layout of another tool, out of its bundle.

A model of folds becomes a folder for each fold, and `folds.json`, which says which of them answers
for an entry: no other tool can find that out.
"""

import json
import re
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
_CONTRACT = "contract.json"
_ALWAYS = (_CONTRACT, "labels.txt")  #: what the numbers mean; other tools pass over them


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
        folders = _folders_of_models(names)
        if not _is_possible(to, names, folders):
            lacking = f"{folders[0]}{_PARTS[to][0]}"
            raise InvalidRequestError(
                f"the bundle holds no {lacking}, which {to} is made of{_reason(packed, lacking)}",
                hint=f"it can be exported to {', '.join(_possible(names, folders)) or 'nothing'}",
            )
        wanted = [name for name in names if name in _ALWAYS or _belongs(name, to, folders)]
        for name in wanted:
            packed.extract(name, target, filter="data")
    if folders != ("",):
        wanted.append(_write_folds(target, [f"{folder}{_PARTS[to][0]}" for folder in folders]))
    if to == "mlflow":
        wanted += mlflow.write(target)
    return tuple(sorted(wanted))


def _reason(packed: tarfile.TarFile, lacking: str) -> str:
    """Return why a trained model has no such file, as its contract says; empty if nobody knows."""
    if _CONTRACT not in packed.getnames():
        return ""
    contract = packed.extractfile(_CONTRACT)
    try:
        found = json.load(contract)["not_made"] if contract else ()
        return next((f": {each['reason']}" for each in found if each["file"] == lacking), "")
    except (ValueError, LookupError, TypeError):  # an older contract, or somebody's own file
        return ""


def _folders_of_models(names: Sequence[str]) -> tuple[str, ...]:
    """Return where the models lie: one is in the bundle itself, those of folds in their own."""
    folds = {name.partition("/")[0] for name in names if re.match(r"fold\d+/", name)}
    return tuple(f"fold{fold}/" for fold in range(len(folds))) or ("",)


def _possible(names: Sequence[str], folders: Sequence[str]) -> list[str]:
    return [to for to in _PARTS if _is_possible(to, names, folders)]


def _is_possible(to: Format, names: Sequence[str], folders: Sequence[str]) -> bool:
    return all(f"{folder}{_PARTS[to][0]}" in names for folder in folders)


def _belongs(name: str, to: Format, folders: Sequence[str]) -> bool:
    parts = [f"{folder}{part}" for folder in folders for part in _PARTS[to]]
    return any(name == part or (part.endswith("/") and name.startswith(part)) for part in parts)


def _write_folds(target: Path, models: Sequence[str]) -> str:
    """Write which model answers for an entry: the one that never learned from it."""
    contract = json.loads((target / _CONTRACT).read_bytes())
    folds = {
        "folds": len(models),
        "by": contract["folding"]["by"],
        "rule": "the model of fold (by mod folds), 0 or more, has not learned from the entry",
        "models": models,
        "column": mlflow.fold_column(contract["columns"]),
    }
    (target / mlflow.FOLDS).write_text(json.dumps(folds, indent=1), encoding="utf-8")
    return mlflow.FOLDS
