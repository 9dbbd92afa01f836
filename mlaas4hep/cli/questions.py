"""Questions to a model, from files and the standard input; loaded only when `predict` is called."""

import json as jsontext
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlaas4hep.client import Client
from mlaas4hep.core.jsontext import unique
from mlaas4hep.errors import InvalidRequestError

_DATA = ("flat", "jagged", "either")  #: kinds of branches that no entry may lack


def read_question(place: str, entries: tuple[int, int | None] = (0, None)) -> dict[str, Any]:
    """Return `entries` or `values` from a JSON file, or from the standard input for `-`.

    Args:
        place: the file.
        entries: the first, and where to stop.

    Raises:
        InvalidRequestError: it is not JSON, has a key twice, holds neither, or lacks those entries.
    """
    asked = _json(place)
    if isinstance(asked, list):
        asked = {"entries" if asked and isinstance(asked[0], dict) else "values": asked}
    if not isinstance(asked, dict):
        raise InvalidRequestError(
            f"{place!r} is neither a list nor an object", file=place, hint='such as [{"njets": 3}]'
        )
    if entries == (0, None):
        return asked
    found = asked.get("entries")
    if not isinstance(found, list):
        raise InvalidRequestError(f"{place!r} has no entries, of which some are wanted", file=place)
    return {**asked, "entries": _some(found, place, entries)}


def _json(place: str) -> Any:
    try:
        text = sys.stdin.read() if place == "-" else Path(place).read_text(encoding="utf-8-sig")
        return jsontext.loads(text, object_pairs_hook=lambda pairs: unique(pairs, repr(place)))
    except OSError as error:
        raise InvalidRequestError(
            f"{place!r} cannot be read: {error.strerror}", file=place
        ) from error
    except ValueError as error:
        raise InvalidRequestError(f"{place!r} is not JSON: {error}", file=place) from error


def _some(found: list[Any], place: str, entries: tuple[int, int | None]) -> list[Any]:
    some = found[slice(*entries)]
    if not some:
        raise InvalidRequestError(f"there are no such entries: {place!r} has {len(found)}")
    return some


def ask_about_file(
    here: Client, model: str, owner: str, place: str, entries: tuple[int, int | None]
) -> Any:
    """Return what a deployed model says about entries of a file of this machine or a server.

    Raises:
        InvalidRequestError: the model takes rows only, or the file lacks one of its branches.
    """
    branches = here.inputs(model, owner=owner).get("branches") or {}
    return here.predict(model, owner=owner, entries=listed(model, branches, place, entries))


def listed(
    model: str, branches: Mapping[str, Sequence[str]], place: str, entries: tuple[int, int | None]
) -> list[dict[str, Any]]:
    """Return entries of a file, with what a model reads of them.

    Args:
        model: its name, or folder.
        branches: that it reads, by kind.
        place: `FILE`, or `FILE:TREE`.
        entries: the first, and where to stop.

    Raises:
        InvalidRequestError: the model takes rows only, or the file lacks one of its branches.
    """
    from mlaas4hep.oneprocess import run as oneprocess  # noqa: PLC0415 - needs more installed
    from mlaas4hep.oneprocess.entries import locate, only_tree, read_entries  # noqa: PLC0415

    needed = {name for kind in _DATA for name in branches.get(kind, ())}
    if not needed:
        raise InvalidRequestError(
            f"model {model!r} was not trained here: nobody knows its branches",
            hint="ask it with rows of its inputs: --input rows.json",
        )
    file, tree = locate(place)
    with oneprocess.services() as services:
        info = services.source.describe(file, only_tree(services.source, file, tree))
        known = {branch.name for branch in info.branches}
        wanted = needed - (set(branches.get("filled", ())) - known)
        wanted |= known & set(branches.get("identifiers", ()))
        blocks = read_entries(services.source, info, sorted(wanted), *entries)
        found = [entry for block in blocks for entry in block]
    if not found:
        raise InvalidRequestError(f"there are no such entries: {file!r} has {info.entries}")
    return found


def ask(here: Client, model: str, owner: str, asked: dict[str, Any]) -> Any:
    """Return what a deployed model says to a question from JSON.

    Raises:
        InvalidRequestError: it holds other keys than `entries`, or `values` with `keys`.
    """
    if "entries" in asked and set(asked) <= {"entries", "model"}:
        return here.predict(model, owner=owner, entries=asked["entries"])
    if "values" in asked and set(asked) <= {"values", "keys", "model"}:
        keys = asked.get("keys", [])
        return here.predict(model, owner=owner, values=asked["values"], keys=keys)
    raise InvalidRequestError(
        f"the question has the keys {sorted(asked)}", hint='{"entries": [{…}]} or {"values": [[…]]}'
    )
