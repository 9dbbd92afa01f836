"""From the text of preproc.json to its collections, new branches, cuts and removals."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.formulas.syntax import RESERVED
from mlaas4hep.core.jsontext import name_list, parse_object, refuse_unknown
from mlaas4hep.core.selection.collections import Collection
from mlaas4hep.core.selection.cuts import Cut, NewBranch
from mlaas4hep.errors import InvalidRequestError

MAX_ITEMS = 1000  #: new branches, or cuts
_SECTIONS = ("new_branch", "flat_cut", "jagged_cut")
_CUTS = dict.fromkeys(  #: what a section of cuts may be taken to be called
    ("cut", "cuts", "filter", "filters", "preselection", "selection", "selections"),
    'cuts are {"flat_cut": {"met": {"cut": "met > 20"}}}, of objects "jagged_cut"',
)
_COLLECTION = ("branches", "where", "sort_by", "descending", "top")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_CUT = re.compile(r"cut(?:_(\d{1,6}))?")
_BOOLS = {"true": True, "false": False}


Parts = tuple[tuple[Collection, ...], tuple[NewBranch, ...], tuple[Cut, ...], frozenset[str]]


def parse_parts(text: str) -> Parts:
    """Return collections, new branches (each needs only those before it), cuts, and names to remove."""
    if not text.strip():
        return (), (), (), frozenset()
    content = parse_object(text, "preproc.json")
    refuse_unknown(content, (*_SECTIONS, "collections"), "preproc.json", _CUTS)
    sections = {name: _section(content, name) for name in _SECTIONS}
    branches = {name: _new_branch(name, item) for name, item in sections["new_branch"].items()}
    cuts = tuple(cut for name, items in sections.items() for cut in _cuts(name, items))
    if max(len(branches), len(cuts)) > MAX_ITEMS:
        raise InvalidRequestError(f"preproc.json: more than {MAX_ITEMS} new branches or cuts")
    removes = frozenset(
        removed
        for section, items in sections.items()
        for name, item in items.items()
        for removed in _removed(section, name, item)
    )
    return _collections(content.get("collections", {})), _ordered(branches), cuts, removes


def _collections(content: Any) -> tuple[Collection, ...]:
    if not isinstance(content, dict) or len(content) > MAX_ITEMS:
        raise InvalidRequestError(
            "collections is not an object of collections",
            hint='such as {"Jet": {"sort_by": "Jet_pt", "top": 5}}',
        )
    return tuple(_collection(name, item) for name, item in content.items())


def _collection(name: str, item: Any) -> Collection:
    where = f"collections {name!r}"
    if not isinstance(item, dict):
        raise InvalidRequestError(f"{where} is {item!r}, not an object")
    refuse_unknown(item, _COLLECTION, where)
    top = item.get("top")
    if top is not None and (not isinstance(top, int) or isinstance(top, bool) or top < 1):
        raise InvalidRequestError(f"{where}: top is {top!r}, not a whole number from 1 on")
    if not item.keys() & {"where", "sort_by", "top"}:
        raise InvalidRequestError(f"{where} has none of 'where', 'sort_by', 'top'")
    descending = _truth(item.get("descending", True), f"{where}: descending")
    return Collection(
        name=name,
        branches=tuple(name_list(item.get("branches", []), f"{where}: branches")),
        where=_expression(item["where"], f"{where}: where") if "where" in item else None,
        sort_by=_expression(item["sort_by"], f"{where}: sort_by") if "sort_by" in item else None,
        descending=descending,
        top=top,
    )


def _truth(value: Any, where: str) -> bool:
    """Return a bool that may be written as a text, as the ancestor does."""
    found = _BOOLS.get(value.lower(), value) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise InvalidRequestError(f"{where} is {value!r}", hint='write "True" or "False"')
    return found


def _section(content: Mapping[str, Any], section: str) -> dict[str, dict[str, Any]]:
    items = content.get(section, {})
    if not isinstance(items, dict):
        raise InvalidRequestError(f"{section} is {items!r}, not an object of branches")
    known = ("def", "type", "keys_to_remove") if section == "new_branch" else ()
    for name, item in items.items():
        where = f"{section} {name!r}"
        if not isinstance(item, dict):
            raise InvalidRequestError(
                f"{where} is {item!r}, not an object", hint='such as {"cut": ...}'
            )
        other = [key for key in item if not _CUT.fullmatch(key)]
        refuse_unknown(other, (*known, "cut", "cut_1", "remove"), where)
    return items


def _new_branch(name: str, item: Mapping[str, Any]) -> NewBranch:
    where = f"new_branch {name!r}"
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise InvalidRequestError(
            f"{where} cannot be the name of a branch",
            hint="letters of ASCII, digits, _ and inner dots",
        )
    for key in ("def", "type"):
        if key not in item:
            raise InvalidRequestError(f"{where} has no {key!r}", branch=name)
    if item["type"] not in ("flat", "jagged"):
        raise InvalidRequestError(f"{where}: type is {item['type']!r}, not 'flat' or 'jagged'")
    return NewBranch(
        name=name, expression=_expression(item["def"], where), jagged=item["type"] == "jagged"
    )


def _ordered(branches: dict[str, NewBranch]) -> tuple[NewBranch, ...]:
    """Return the new branches so that each comes after those it needs."""
    waiting = dict(branches)
    ordered: list[NewBranch] = []
    while waiting:
        ready = [b for b in waiting.values() if not b.expression.names & waiting.keys()]
        if not ready:
            raise InvalidRequestError(
                f"new_branch: defined by each other or themselves: {', '.join(sorted(waiting))}",
                hint="give what is computed from a branch of the files a name of its own",
            )
        ordered.extend(ready)
        for branch in ready:
            del waiting[branch.name]
    return tuple(ordered)


def _cuts(section: str, items: Mapping[str, Mapping[str, Any]]) -> Iterator[Cut]:
    for name, item in items.items():
        jagged = item["type"] == "jagged" if section == "new_branch" else section == "jagged_cut"
        numbered = {key: _CUT.fullmatch(key) for key in item}
        keys = [(int(match[1] or 0), key) for key, match in numbered.items() if match]
        for _, key in sorted(keys):
            yield _cut(item[key], f"{section} {name!r}: {key}", jagged=jagged)


def _cut(value: Any, where: str, *, jagged: bool) -> Cut:
    if not jagged:
        if not isinstance(value, str):
            raise InvalidRequestError(
                f"{where} is {value!r}, not a text", hint='a flat cut looks like "0<=n<=2"'
            )
        return Cut(where=where, expression=_expression(value, where), over="entry")
    if not isinstance(value, list) or len(value) != 2 or value[1] not in ("all", "any"):  # noqa: PLR2004
        raise InvalidRequestError(
            f"{where} is {value!r}", hint='a jagged cut looks like ["pt>200", "all"], or "any"'
        )
    return Cut(where=where, expression=_expression(value[0], where), over=value[1])


def _removed(section: str, name: str, item: Mapping[str, Any]) -> Iterator[str]:
    if _truth(item.get("remove", False), f"{section} {name!r}: remove"):
        yield name
    yield from name_list(item.get("keys_to_remove", []), f"{section} {name!r}: keys_to_remove")


def _expression(text: Any, where: str) -> Expression:
    if not isinstance(text, str):
        raise InvalidRequestError(f"{where}: {text!r} is not a text")
    try:
        return Expression.parse(text)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{where}: {error}", hint=error.problem.hint) from error
