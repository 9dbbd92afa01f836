"""From files.txt and labels.txt to input files and labels."""

import math
import re
from collections.abc import Callable, Iterator, Sequence

from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import InputFile, Params
from mlaas4hep.errors import InvalidRequestError

MAX_FILES = 10_000
_COMMENT = re.compile(r"(^|\s)#.*$")
_REMOTE = re.compile(r"(?P<server>[A-Za-z][A-Za-z0-9+.-]*://[^/]*)(?P<path>.*)")
_ROOT_FILE = re.compile(r"\.root(\.\d+)?$", re.IGNORECASE)


def parse_files(text: str, params: Params, resolve: Callable[[str], str]) -> tuple[InputFile, ...]:
    """Return the files that a files.txt names, in order.

    Args:
        text: one file a line, with `:tree` behind it if it is not `params.branch`.
        params: say the tree, and the redirector for bare `/store/...` names.
        resolve: turns each name (a whole URL if it has a server) into one that
            `ports.DataSource` reads, or refuses it.

    Raises:
        InvalidRequestError: there are no files, too many, or one twice.
    """
    files: list[InputFile] = []
    seen: dict[tuple[str, str], int] = {}
    for number, line in _lines(text):
        name, tree = split_tree(line)
        tree = tree or params.branch
        if (name, tree) in seen:
            raise InvalidRequestError(
                f"files.txt names {name!r} twice, in lines {seen[name, tree]} and {number}",
                file=name,
            )
        seen[name, tree] = number
        files.append(InputFile(name=line, url=resolve(_prefixed(name, params)), tree=tree))
    if not files:
        raise InvalidRequestError("files.txt names no file", hint="one file a line")
    if len(files) > MAX_FILES:
        raise InvalidRequestError(f"files.txt names {len(files)} files, more than {MAX_FILES}")
    return tuple(files)


def split_tree(line: str) -> tuple[str, str]:
    """Return the file and the tree of `file.root:tree`; the tree is "" if none is named."""
    remote = _REMOTE.fullmatch(line)
    server, path = (remote["server"], remote["path"]) if remote else ("", line)
    before, colon, after = path.rpartition(":")
    if colon and before and after and "?" not in path and not _ROOT_FILE.search(after):
        return f"{server}{before}", after.strip("/")
    return line, ""


def parse_labels(text: str, files: Sequence[InputFile]) -> Labels:
    """Return the labels of a labels.txt: numbers, class names, or one branch or expression.

    Raises:
        InvalidRequestError: their number is not that of the files, or they are of two kinds.
    """
    lines = [line for _, line in _lines(text)]
    if not lines:
        raise InvalidRequestError(
            "labels.txt is empty", hint="one label for each file, or the name of a branch"
        )
    numbers = [_number(line) for line in lines]
    if len(lines) == 1 and numbers[0] is None:
        return Labels(expression=_checked(lines[0]))
    if len(lines) != len(files):
        raise InvalidRequestError(
            f"labels.txt has {len(lines)} labels, but files.txt has {len(files)} files",
            hint="one label for each file in the same order, or one line with a branch name",
        )
    values = [number for number in numbers if number is not None]
    if len(values) == len(lines):
        return Labels(values=tuple(values))
    if values:
        raise InvalidRequestError(
            f"labels.txt has numbers ({len(values)}) and names ({len(lines) - len(values)})",
            hint="either all of them are numbers or all are names of classes",
        )
    classes = tuple(sorted(set(lines)))
    return Labels(values=tuple(float(classes.index(line)) for line in lines), classes=classes)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, line) without comments and empty lines."""
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        plain = _COMMENT.sub("", line).strip()
        if plain:
            yield number, plain


def _prefixed(name: str, params: Params) -> str:
    """Return a bare logical name behind the redirector of params.json, if there is one."""
    if not name.startswith("/store/") or not params.redirector:
        return name
    separator = "" if params.redirector.startswith("http") else "/"  # root://host//store
    return f"{params.redirector}{separator}{name}"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _checked(expression: str) -> str:
    try:
        Expression.parse(expression)
    except InvalidRequestError as error:
        raise InvalidRequestError(
            f"labels.txt: {error}",
            hint="one label for each file, or one line with a branch or an expression; "
            f"{error.problem.hint}",
        ) from error
    return expression
