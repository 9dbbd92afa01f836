"""From files.txt to input files."""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from mlaas4hep.core.requests.inputs.bounds import alternatives, bounded, wrong_line
from mlaas4hep.core.requests.inputs.cycles import split_cycle
from mlaas4hep.core.requests.inputs.datasets import dataset_url
from mlaas4hep.core.requests.inputs.filelist import Line, cure, lines
from mlaas4hep.core.requests.inputs.globs import is_pattern
from mlaas4hep.core.requests.inputs.secrets import without_secrets
from mlaas4hep.core.requests.inputs.sources import LOGICAL
from mlaas4hep.core.requests.inputs.suffixes import SUFFIXES
from mlaas4hep.core.requests.request import InputFile, Params
from mlaas4hep.errors import InvalidRequestError, MlaasError

MAX_FILES = 10_000
ALTERNATIVES = " | "  #: between the URLs of one file in several places
_SCHEMES = {"davs": "https", "dav": "http", "xroot": "root", "xroots": "roots"}
_REMOTE = re.compile(r"(?P<server>[A-Za-z][A-Za-z0-9+.-]*://[^/]*)(?P<path>.*)")
_QUERY = re.compile(r"\?[\w.-]+=")
_ROOT_FILE = re.compile(r"\.root(\.\d+)?$", re.IGNORECASE)
_ALL_SUFFIXES = tuple(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)


Resolve = Callable[[str], str]
Expand = Callable[[str], Sequence[str]]
_Seen = dict[tuple[str, str], dict[int | None, InputFile]]  #: of a place and a tree, by cycle


def no_globs(pattern: str) -> Sequence[str]:
    """Refuse a pattern: `Expand` where nothing can be listed."""
    raise InvalidRequestError(f"{pattern!r}: files cannot be listed here", file=pattern)


def parse_files(
    text: str, params: Params, resolve: Resolve, expand: Expand = no_globs
) -> tuple[InputFile, ...]:
    """Return the files that a files.txt names, in order.

    Args:
        text: one file a line, with `:tree` behind it if it is not `params.branch`; several
            places of one file with ` | ` between them; or a pattern such as `data/*.root`.
        params: say the tree, and the redirector for bare `/store/...` names.
        resolve: turns each name (a whole URL if it has a server) into one that
            `ports.DataSource` reads, or refuses it.
        expand: gives the names that match a pattern, in order.

    Raises:
        InvalidRequestError: there are no files, too many, or one twice.
    """
    files: list[InputFile] = []
    seen: _Seen = {}
    for line in bounded(lines(text)):
        for file in _files_of(line, params, resolve, expand):
            for place in file.url.split(ALTERNATIVES):
                _check_once(file, _plain(place), seen)
            files.append(file)
        if len(files) > MAX_FILES:
            raise InvalidRequestError(f"files.txt names more than {MAX_FILES} files")
    if not files:
        raise InvalidRequestError("files.txt names no file", hint="one file a line")
    return tuple(files)


def _files_of(line: Line, params: Params, resolve: Resolve, expand: Expand) -> Iterator[InputFile]:
    """Yield the files that one line means: one, unless it is a pattern."""
    dataset = dataset_url(line.text)  # what follows a colon belongs to its name
    parts = [split_tree(place) for place in ([] if dataset else alternatives(line.text))]
    names = [_prefixed(_modern(name), params) for name, _ in parts]
    said = _tree_of(line, parts)
    more: dict[str, Any] = {
        "tree": said or params.branch.strip("/"),
        "line": line.number,
        "label": line.label,
        "weight": line.weight,
        "xsec": line.xsec,
        "sample": line.sample,
    }
    dataset = dataset or dataset_url(names[0])
    patterns = [name for name in names if is_pattern(name)]
    if patterns and len(names) > 1:
        raise wrong_line(line, "has a pattern, which cannot be in several places")
    several = dataset or next(iter(patterns), "")
    if several:
        for each in _matching(several, line, expand):
            name = _prefixed(_modern(each), params)
            shown = without_secrets(name) + (f":{said}" if said else "")
            yield InputFile(name=shown, url=resolve(name), **more)
    else:
        try:
            url = ALTERNATIVES.join(_resolved(names, resolve))
        except InvalidRequestError as error:
            error.problem = replace(error.problem, hint=cure(line.text) or error.problem.hint)
            raise
        shown = without_secrets(line.text) + (f":{line.tree}" if line.tree else "")
        yield InputFile(name=shown, url=url, **more)


def _matching(pattern: str, line: Line, expand: Expand) -> Sequence[str]:
    found = expand(pattern)
    if not found:
        raise InvalidRequestError(
            f"no file matches {without_secrets(pattern)!r}",
            file=without_secrets(line.text),
            hint=cure(line.text) or "capital letters count, and **/ goes through folders",
        )
    return found


def _tree_of(line: Line, parts: Sequence[tuple[str, str]]) -> str:
    """Return the tree that a line names, perhaps more than once; "" if it names none."""
    named = (line.tree.strip("/"), *(tree for _, tree in parts))
    said = sorted({tree for tree in named if tree})
    if len(said) > 1:
        raise wrong_line(line, f"names two trees of one file, {said[0]!r} and {said[1]!r}")
    return "".join(said)


def _resolved(names: Sequence[str], resolve: Resolve) -> list[str]:
    """Return the URLs of one file; of several places, those that are not refused."""
    found: list[str] = []
    failure: MlaasError | None = None
    for name in names:
        try:
            found.append(resolve(name))
        except MlaasError as error:
            failure = failure or error
    if failure is not None and not found:
        raise failure
    return found


def _check_once(file: InputFile, place: str, seen: _Seen) -> None:
    """Remember the tree of a file; refuse one that was named before, perhaps by its cycle.

    Without a cycle it is the newest, which may well be that of another line.
    """
    tree, cycle = split_cycle(file.tree)
    cycles = seen.setdefault((place, tree), {})
    for said, first in cycles.items():
        if first is not file and (said == cycle or None in {said, cycle}):
            raise _twice(first, file)
    cycles[cycle] = file


def _twice(first: InputFile, second: InputFile) -> InvalidRequestError:
    also = "" if first.name == second.name else f", once as {first.name!r}"
    return InvalidRequestError(
        f"files.txt names {second.name!r} twice{also}, in lines {first.line} and {second.line}",
        file=second.name,
        hint="leave one of them away",
    )


def _plain(url: str) -> str:
    """Return what tells one file from another: `./a` and `a`, `//a` and `/a` are the same."""
    first = url.partition("?")
    scheme, separator, rest = first[0].rpartition("://")
    host, slash, path = rest.partition("/") if separator else ("", "", rest)
    path = posixpath.normpath(f"{slash}{path}").replace("//", "/")
    return f"{scheme.lower()}{separator}{host.lower()}{path}?{first[2]}"


def _modern(name: str) -> str:
    """Return a name with the scheme that we know it by: WebDAV is read as what it stands on."""
    scheme, separator, rest = name.partition("://")
    return f"{_SCHEMES.get(scheme.lower(), scheme)}{separator}{rest}" if separator else name


def names_in(text: str) -> Iterator[str]:
    """Yield the names and patterns that a files.txt says, without their trees.

    Raises:
        InvalidRequestError: it is no list of files, or one that would take too long.
    """
    for line in bounded(lines(text)):
        for place in alternatives(line.text):
            yield split_tree(place)[0]


def split_tree(line: str) -> tuple[str, str]:
    """Return the file and the tree of `file.root:tree`; the tree is "" if none is named.

    >>> split_tree("root://host//a.root:Events?authz=s3cret")
    ('root://host//a.root?authz=s3cret', 'Events')
    """
    remote = _REMOTE.fullmatch(line)
    server, path = (remote["server"], remote["path"]) if remote else ("", line)
    begins = _QUERY.search(path) if remote else None  # a token may hold colons
    path, query = (path[: begins.start()], path[begins.start() :]) if begins else (path, "")
    before, colon, after = path.rpartition(":")
    if colon and before and after and not _is_name_of_a_file(after):
        return f"{server}{before.rstrip()}{query}", after.strip("/ ")
    return line, ""


def _is_name_of_a_file(text: str) -> bool:
    """Tell whether a colon stands within the name of a file: 12:30.csv."""
    return bool(_ROOT_FILE.search(text)) or text.lower().endswith(_ALL_SUFFIXES)


def _prefixed(name: str, params: Params) -> str:
    """Return a bare logical name behind the redirector of params.json, if there is one."""
    if not name.startswith(LOGICAL) or not params.redirector:
        return name
    separator = "" if params.redirector.startswith("http") else "/"  # root://host//store
    return f"{params.redirector}{separator}{name}"
