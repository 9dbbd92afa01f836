"""Entries that come in JSON as a list of values for each branch: no object an entry."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.models.entries import byentry
from mlaas4hep.core.models.entries.filling import filled_branches
from mlaas4hep.core.models.entries.schema import Schema
from mlaas4hep.core.models.entries.values import as_columns, checked_identifiers, doubles_of
from mlaas4hep.errors import InvalidRequestError

Branches = Mapping[str, Sequence[Any]]  #: a value, or a row of them, for each entry


def columns(
    schema: Schema,
    branches: Branches,
    own_types: frozenset[str] = frozenset(),
) -> Columns:
    """Return the required branches, as `entries.columns` does.

    Raises:
        InvalidRequestError: as there; or the lists are not of one length.
    """
    entries = entries_in(branches)
    schema.check_names(branches.keys(), "`branches`")
    if schema.nested:
        rows = zip(*branches.values(), strict=True)
        return byentry.columns(
            schema, [dict(zip(branches, row, strict=True)) for row in rows], own_types
        )
    branches = filled_branches(schema, branches, entries)
    plain = {}
    for name in sorted(schema.flat - own_types - schema.texts):
        found = doubles_of(lambda name=name: branches[name], entries)  # type: ignore[misc]
        if found is not None:
            plain[name] = found
    others = {name: branches[name] for name in sorted(schema.required - plain.keys())}
    return as_columns(schema, others, own_types, plain, entries)


def entries_in(branches: Branches) -> int:
    """Return how many entries there are; InvalidRequestError if branches do not agree, or none."""
    sizes = {name: len(values) for name, values in branches.items() if isinstance(values, list)}
    for name in branches.keys() - sizes.keys():
        raise InvalidRequestError(f"branch {name!r} is no list of values", branch=name)
    if not any(sizes.values()):
        raise InvalidRequestError("`branches` holds no entry", hint="send a list for each branch")
    first, entries = next(iter(sizes.items()))
    for name, size in sizes.items():
        if size != entries:
            raise InvalidRequestError(
                f"branch {name!r} has {size} entries, {first!r} has {entries}", branch=name
            )
    return entries


def identifiers(schema: Schema, branches: Branches) -> list[dict[str, Any]]:
    """Return what identifies each entry, as it was given; InvalidRequestError if it is nested."""
    names = [name for name in branches if name in schema.identifiers]
    if not names:
        return [{} for _ in range(entries_in(branches))]
    rows = zip(*(branches[name] for name in names), strict=True)
    return checked_identifiers([dict(zip(names, row, strict=True)) for row in rows])
