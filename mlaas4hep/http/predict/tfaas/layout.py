"""Where in an unpacked upload the model lies: also in TensorFlow Serving's `model/00000123/`."""

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The folder that becomes the bundle."""

    folder: Path
    name: str  #: of the folder that says how the model is called; "": none does
    number: str  #: TensorFlow Serving's version, without leading zeros; "": there is none


def laid_out(folder: Path) -> Layout:
    """Return where the model lies below `folder`.

    Of several numbered folders the newest counts; what lies beside them, such as params.json,
    belongs to it.
    """
    inside = sorted(folder.iterdir())
    name = ""
    if len(inside) == 1 and inside[0].is_dir() and not _number(inside[0]):
        folder, name = inside[0], inside[0].name
        inside = sorted(folder.iterdir())
    numbered = [path for path in inside if _number(path)]
    if not numbered or any(path.is_dir() for path in inside if path not in numbered):
        return Layout(folder=folder, name=name, number="")
    newest = max(numbered, key=lambda path: int(path.name))
    for path in inside:
        if path.is_file() and not (newest / path.name).exists():
            shutil.copyfile(path, newest / path.name)
    return Layout(folder=newest, name=name, number=_number(newest))


def _number(path: Path) -> str:
    is_one = path.is_dir() and path.name.isdecimal() and path.name.isascii() and len(path.name) < 20  # noqa: PLR2004 - an int64
    return str(int(path.name)) if is_one else ""
