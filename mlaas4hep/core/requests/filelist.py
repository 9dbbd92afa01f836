"""The lines of files.txt, or the objects of files.json, which says the same in JSON."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlaas4hep.core.jsontext import parse_object, refuse_unknown
from mlaas4hep.errors import InvalidRequestError

_COMMENT = re.compile(r"(^|\s)#.*$")
_KEYS = ("file", "tree", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is said about one file, or about all files that match a pattern."""

    number: int  #: of the line, or of the object, from 1
    text: str  #: the name, perhaps with a tree or alternatives
    tree: str = ""  #: named apart from the name
    label: str = ""


def lines(text: str) -> Iterator[Line]:
    """Yield the lines without comments and empty ones; a text that begins with [ is JSON.

    Raises:
        InvalidRequestError: it is JSON, but no list of names or objects.
    """
    plain = text.lstrip("\ufeff")
    if plain.lstrip().startswith("["):
        yield from _objects(plain)
        return
    for number, line in enumerate(plain.splitlines(), start=1):
        said = _COMMENT.sub("", line).strip()
        if said:
            yield Line(number=number, text=said)


def has_labels(text: str) -> bool:
    """Tell whether it says labels, so that labels.txt is not needed."""
    return any(line.label for line in lines(text))


def _objects(text: str) -> Iterator[Line]:
    listed = parse_object(f'{{"files": {text}}}', "files.json")["files"]
    for number, each in enumerate(listed, start=1):
        given = {"file": each} if isinstance(each, str) else each
        if not isinstance(given, dict) or not isinstance(given.get("file"), str):
            raise _wrong(number, "is no name and no object with a file")
        refuse_unknown(given, _KEYS, f"files.json, file {number}")
        tree = given.get("tree", "")
        if not isinstance(tree, str):
            raise _wrong(number, f"has the tree {tree!r}, which is no text")
        yield Line(
            number=number, text=given["file"], tree=tree, label=_label(number, given.get("label"))
        )


def _label(number: int, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise _wrong(number, f"has the label {value!r}, which is neither a number nor a class")
    return str(value)


def _wrong(number: int, what: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"files.json: file {number} {what}",
        hint='[{"file": "a.root", "tree": "Events", "label": 1}, …]',
    )
