"""Entries of a file, of whatever format we read, as a person would write them in JSON."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.models.entries.byentry import as_entries
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.inputs.files import split_tree
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import DataSource

Entry = dict[str, Any]


def locate(text: str) -> tuple[str, str]:
    """Return file and tree of `FILE:TREE`; the tree is empty if the text names none.

    A local file is given with its whole path.
    """
    is_remote = "://" in text
    file, tree = (text, "") if not is_remote and Path(text).is_file() else split_tree(text)
    return (file if is_remote else str(Path(file).expanduser().resolve())), tree


def only_tree(source: DataSource, file: str, tree: str) -> str:
    """Return the tree that is meant: the one that was named, or the only one there is.

    Raises:
        InvalidRequestError: it could be several, or there is none.
    """
    if tree:
        return tree
    trees = source.trees(file)
    if len(trees) > 1:
        raise InvalidRequestError(
            f"{file!r} has several trees: {', '.join(trees)}",
            file=file,
            hint=f"say which: {Path(file).name}:{trees[0]}",
        )
    return trees[0] if trees else ""


def read_entries(
    source: DataSource,
    info: TreeInfo,
    branches: Collection[str],
    start: int,
    stop: int | None,
) -> Iterator[list[Entry]]:
    """Yield entries [start, stop) in blocks, each with the branches that are named.

    Raises:
        InvalidRequestError: the file lacks a branch.
    """
    known = {branch.name for branch in info.branches}
    for name in sorted(set(branches) - known):
        raise InvalidRequestError(
            f"there is no branch {name!r}" + (f" in tree {info.tree!r}" if info.tree else ""),
            file=info.url,
            branch=name,
            hint=nearest(name, known),
        )
    survey = source.survey(info.url, info.tree, branches)
    end = info.entries if stop is None else min(stop, info.entries)
    for columns in source.read(survey, branches, start, max(end, start)):
        yield as_entries(columns)
