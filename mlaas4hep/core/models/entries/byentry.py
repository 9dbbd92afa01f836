"""Entries as people write them in JSON, one object an entry, to columns: names and types checked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, compress, pairwise, repeat
from operator import itemgetter
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array, Columns
from mlaas4hep.core.data.nesting import SIZES
from mlaas4hep.core.models.entries.filling import filled_entry
from mlaas4hep.core.models.entries.schema import Schema
from mlaas4hep.core.models.entries.values import (
    as_columns,
    checked_identifiers,
    doubles_of,
    shown,
)
from mlaas4hep.errors import InvalidRequestError

Entry = Mapping[str, Any]

_MANY = 3  #: flat branches for which it pays to take them at once


def columns(
    schema: Schema, entries: Sequence[Entry], own_types: frozenset[str] = frozenset()
) -> Columns:
    """Return the required branches of `entries`; a `null` is a missing value (NaN).

    Args:
        schema: of the entries.
        entries: as they came.
        own_types: branches for which it matters whether they are whole numbers; others may come
            as doubles, which is many times as fast.

    Raises:
        InvalidRequestError: there is no entry, one lacks a branch or has one too many, or a
            value is of the wrong kind; the message names entry (from 0), branch and value.
    """
    if not entries:
        raise InvalidRequestError("`entries` is empty", hint="send a list of objects")
    entries = _flattened(schema, entries)
    if schema.gaps:
        entries = [filled_entry(schema, entry) for entry in entries]
    plain = _plain(schema, entries, own_types)
    if not plain:
        _check_names(schema, entries)
    others = sorted(schema.required - plain.keys())
    values = {name: [entry[name] for entry in entries] for name in others}
    return as_columns(schema, values, own_types, plain, len(entries))


def as_entries(columns: Columns) -> list[dict[str, Any]]:
    """Return entries as a person writes them in JSON; a value that is no finite number is None."""
    rows: dict[str, list[Any]] = {name: _as_list(each) for name, each in columns.flat.items()}
    for name, jagged in columns.jagged.items():
        values, edges = _as_list(jagged.content), jagged.offsets.tolist()
        rows[name] = [values[low:high] for low, high in pairwise(edges)]
    if not rows:
        return [{}] * columns.entries
    return [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)]


def _as_list(values: Array) -> list[Any]:
    listed: list[Any] = values.tolist()
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return listed
    return [value if np.isfinite(value) else None for value in listed]


def identifiers(schema: Schema, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return what identifies each entry, as it was given; InvalidRequestError if it is nested."""
    names = schema.identifiers
    fewest = len(schema.required)
    may_be_less = (
        not names & schema.required
        and not schema.gaps
        and all(map(fewest.__eq__, map(len, entries)))
    )
    if not names or may_be_less:  # no room for any
        return [{} for _ in entries]
    ordered = tuple(dict.fromkeys(chain((name for name in entries[0] if name in names), names)))
    return checked_identifiers(
        [{name: entry[name] for name in ordered if name in entry} for entry in entries]
    )


def _plain(schema: Schema, entries: Sequence[Entry], own_types: frozenset[str]) -> dict[str, Array]:
    """Return flat branches, all at once; {} if the entries are odd in any way."""
    names = tuple(sorted(schema.flat - own_types - schema.texts))
    first = entries[0]
    if len(names) < _MANY or not isinstance(first, dict):
        return {}
    if not (schema.required <= first.keys() <= schema.known):
        return {}
    try:
        order, values = _values_of(entries, names)
        found = doubles_of(values, len(entries) * len(names))
    except (KeyError, TypeError):
        return {}
    if found is None:
        return {}
    columns = np.ascontiguousarray(found.reshape(len(entries), len(names)).T)
    return dict(zip(order, columns, strict=True))


def _values_of(
    entries: Sequence[Entry], names: Sequence[str]
) -> tuple[Sequence[str], Callable[[], Iterable[Any]]]:
    """Return the order in which some branches come, and what gives their values entry by entry.

    That all entries have the same names as the first is known without comparing them: they have
    as many, and each of the first's is found.

    Raises:
        KeyError: an entry has other branches than the first one.
    """
    given = list(entries[0])
    if all(map(given.__eq__, map(list, entries))):  # in one order, as they nearly always are
        wanted = frozenset(names)
        kept = [name in wanted for name in given]
        return list(compress(given, kept)), partial(_kept_values, entries, kept)
    if any(len(entry) != len(given) for entry in entries):
        raise KeyError
    list(map(itemgetter(*given), entries))
    return names, lambda: chain.from_iterable(map(itemgetter(*names), entries))


def _kept_values(entries: Sequence[Entry], kept: Sequence[bool]) -> Iterable[Any]:
    """Return values entry by entry: those whose place is in `kept`."""
    rows: Iterable[Iterable[Any]] = map(dict.values, entries)  # type: ignore[arg-type]
    if not all(kept):
        rows = map(compress, rows, repeat(kept))
    return chain.from_iterable(rows)


def _flattened(schema: Schema, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return entries with rows within rows as the model reads them: flat, and their sizes."""
    if not schema.nested:
        return entries
    return [_flat_rows(entry, schema.nested, schema) for entry in entries]


def _flat_rows(entry: Entry, nested: Sequence[str], schema: Schema) -> Entry:
    if not isinstance(entry, Mapping):
        return entry
    found = dict(entry)
    for name in nested:
        rows, sizes = entry.get(name), f"{name}{SIZES}"
        if isinstance(rows, list) and all(isinstance(row, list) for row in rows):
            found[name] = list(chain.from_iterable(rows))
            if sizes in schema.required:
                found.setdefault(sizes, [len(row) for row in rows])
    return found


def _check_names(schema: Schema, entries: Sequence[Entry]) -> None:
    required = schema.required
    for number, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            raise InvalidRequestError(
                f"entry {number} is {shown(entry)}, not an object of branches and values"
            )
        if entry.keys() == required:
            continue
        schema.check_names(entry.keys(), f"entry {number}")
