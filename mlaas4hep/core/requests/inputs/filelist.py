"""The lines of files.txt, or the objects of files.json, which say the same and more in JSON.

    [{"file": "a.root", "tree": "Events", "label": "signal", "weight": 0.5, "xsec": 1.2, "sample": "ttH"}, …]

A list of names, `{"files": […]}`, and what ServiceX hands out (`{"signed_url_list": […]}`, or lists
of names by sample) are understood, too.
"""

import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlaas4hep.core.jsontext import parse_object, refuse_unknown
from mlaas4hep.core.requests.inputs.secrets import without_secrets
from mlaas4hep.errors import InvalidRequestError

MAX_NAMED = 10_000  #: lines or objects that name files
MAX_LINES = 100_000  #: with comments and empty lines
MAX_LETTERS = 16 * 1024  #: of one line: places and their tokens
_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  #: of lines, as Python splits them
_COMMENT = re.compile(r"(^|\s)#.*$")
_PATTERN = re.compile(r'\[[^\]\s"]*\]\S')  #: a name that begins with one of some letters
_KEYS = ("file", "tree", "label", "weight", "xsec", "cross_section", "sample")
_LISTS = ("files", "signed_url_list", "file_list")  #: ours, and ServiceX's


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is said about one file, or about all files that match a pattern."""

    number: int  #: of the line, or of the object, from 1
    text: str  #: the name, perhaps with a tree or alternatives
    tree: str = ""  #: named apart from the name
    label: str = ""
    weight: float = 1.0  #: of each entry
    xsec: float | None = None  #: cross section of its sample
    sample: str = ""  #: files of one are one sample


def lines(text: str) -> Iterator[Line]:
    """Yield the lines without comments and empty ones; a text that begins with [ or { is JSON.

    Such as `[ab].root`, a pattern, are the only lines of files.txt that begin so.

    Raises:
        InvalidRequestError: it is JSON, but no list of names or objects; there are more, or longer
            ones, than anybody needs.
    """
    for number, line in enumerate(_lines(text), start=1):
        if number > MAX_NAMED:
            raise InvalidRequestError(f"more than {MAX_NAMED} files or labels are listed")
        if len(line.text) > MAX_LETTERS:
            raise InvalidRequestError(
                f"line {line.number} has {len(line.text)} characters, more than {MAX_LETTERS}",
                hint="one file or label a line",
            )
        yield line


def _lines(text: str) -> Iterator[Line]:
    plain = text.lstrip("\ufeff")
    begins = plain.lstrip()
    if begins.startswith(("[", "{")) and not _PATTERN.match(begins):
        for number, given in enumerate(_listed(plain), start=1):
            yield _line(number, given)
        return
    if sum(map(plain.count, _ENDS)) >= MAX_LINES:
        raise InvalidRequestError(f"more than {MAX_LINES} lines, with comments and empty ones")
    for number, line in enumerate(plain.splitlines(), start=1):
        said = _COMMENT.sub("", line).strip()
        if said:
            yield Line(number=number, text=said)


def has_labels(text: str) -> bool:
    """Tell whether it says labels, so that labels.txt is not needed."""
    return any(line.label for line in lines(text))


def cure(line: str) -> str:
    """Return how a line that names nothing is to be written; "" if it looks as it should.

    >>> cure("'a.root'"), cure("a.root,b.root")
    ('names stand without quotes: a.root', 'write a line for each file')
    """
    bare = line.strip("\"', ")
    several = re.split(r"[\"',;\s]+", bare)
    if len(several) > 1 and all("." in each for each in several):
        return "write a line for each file"
    if bare != line:
        return f"names stand without quotes: {without_secrets(bare)}"
    if "|" in line and " | " not in line:
        places = " | ".join(line.split("|"))
        return f"places of one file have spaces between them: {without_secrets(places)}"
    return ""


def _listed(text: str) -> Iterable[Any]:
    """Return what is listed: names and objects."""
    if text.lstrip().startswith("["):
        return list(parse_object(f'{{"files": {text}}}', "files.json")["files"])
    content = parse_object(text, "files.json")
    for key in _LISTS:
        if isinstance(content.get(key), list) and content[key]:
            if key == "files":
                refuse_unknown(content, ("files",), "files.json")
            return list(content[key])
    return _of_samples(content)


def _of_samples(content: Mapping[str, Any]) -> list[Any]:
    """Return the files of lists by sample; of several samples, each is a class of its own."""
    lists = all(
        isinstance(names, list) and all(isinstance(name, str) for name in names)
        for names in content.values()
    )
    if not content or not lists:
        raise InvalidRequestError("files.json is no list of files", hint=_EXAMPLE)
    empty = next((sample for sample, names in content.items() if not names), None)
    if empty is not None:
        raise InvalidRequestError(f"files.json: {empty!r} has no files", hint=_EXAMPLE)
    alone = len(content) == 1
    return [
        {"file": name, "sample": sample} | ({} if alone else {"label": sample})
        for sample, names in content.items()
        for name in names
    ]


def _line(number: int, each: Any) -> Line:
    given = {"file": each} if isinstance(each, str) else each
    name = given.get("file") if isinstance(given, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise _wrong(number, "is no name and no object with a file")
    refuse_unknown(given, _KEYS, f"files.json, file {number}")
    if {"xsec", "cross_section"} <= given.keys():
        raise _wrong(number, "has xsec and cross_section, which are the same")
    return Line(
        number=number,
        text=name.strip(),
        tree=_text(number, "tree", given.get("tree", "")).strip(),
        label=_label(number, given.get("label")),
        weight=_number(number, "weight", given.get("weight", 1.0)),
        xsec=_xsec(number, given.get("xsec", given.get("cross_section"))),
        sample=_text(number, "sample", given.get("sample", "")),
    )


def _text(number: int, key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(number, f"has the {key} {value!r}, which is no text")
    return value


def _number(number: int, key: str, value: Any) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if not known or not abs(value) <= sys.float_info.max:
        raise _wrong(number, f"has the {key} {value!r}, which is no finite number")
    return float(value)


def _xsec(number: int, value: Any) -> float | None:
    if value is None:
        return None
    found = _number(number, "cross section", value)
    if found <= 0:
        raise _wrong(number, f"has the cross section {value!r}, which is not above 0")
    return found


def _label(number: int, value: Any) -> str:
    if value is None:
        return ""
    if (
        isinstance(value, bool)
        or not isinstance(value, str | int | float)
        or not str(value).strip()
    ):
        raise _wrong(number, f"has the label {value!r}, which is neither a number nor a class")
    if isinstance(value, float) and not math.isfinite(value):
        raise _wrong(number, f"has the label {value!r}, which is no finite number")
    return str(value).strip()


_EXAMPLE = '[{"file": "a.root", "tree": "Events", "label": 1, "weight": 0.5, "xsec": 1.2}, …]'


def _wrong(number: int, what: str) -> InvalidRequestError:
    return InvalidRequestError(f"files.json: file {number} {what}", hint=_EXAMPLE)
