"""Entries as people write them in JSON, one object an entry, to columns: names and types checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets
from mlaas4hep.core.data.nesting import SIZES
from mlaas4hep.core.data.values.texts import text_array
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError

Entry = Mapping[str, Any]

_MANY = 3  #: flat branches for which it pays to take them at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Which branches an entry must have, and of which kind."""

    flat: frozenset[str]  #: a number each
    jagged: frozenset[str]  #: a list of numbers each
    either: frozenset[str] = frozenset()  #: only preproc.json reads them: a number or a list
    identifiers: frozenset[str] = frozenset()  #: may be there; never features
    texts: frozenset[str] = frozenset()  #: flat ones that are texts, not numbers
    unused: frozenset[str] = frozenset()  #: may be there; empty in every entry of the training

    @property
    def required(self) -> frozenset[str]:
        """Return the branches that no entry may lack."""
        return self.flat | self.jagged | self.either

    @property
    def known(self) -> frozenset[str]:
        """Return the branches that an entry may have."""
        return self.required | self.identifiers | self.unused


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
    doubles = _doubles(schema, entries, own_types)
    if not doubles:
        _check_names(schema, entries)
    flat: dict[str, Array] = dict(doubles)
    jagged: dict[str, Jagged] = {}
    shared: dict[bytes, Offsets] = {}
    for name in sorted(schema.required - doubles.keys()):
        values = [entry[name] for entry in entries]
        if name in schema.jagged or (name in schema.either and isinstance(values[0], list)):
            jagged[name] = _rows(name, values, shared)
        elif name in schema.texts or (
            name in schema.either and any(isinstance(value, str) for value in values)
        ):
            flat[name] = _texts(name, values)
        else:
            flat[name] = _numbers(name, values, range(len(values)))
    return Columns(entries=len(entries), flat=flat, jagged=jagged)


def as_entries(columns: Columns) -> list[dict[str, Any]]:
    """Return entries as a person writes them in JSON; a value that is no finite number is None."""
    rows: dict[str, list[Any]] = {name: _told(each) for name, each in columns.flat.items()}
    for name, jagged in columns.jagged.items():
        values, edges = _told(jagged.content), jagged.offsets.tolist()
        rows[name] = [values[low:high] for low, high in pairwise(edges)]
    if not rows:
        return [{}] * columns.entries
    return [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)]


def _told(values: Array) -> list[Any]:
    told: list[Any] = values.tolist()
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return told
    return [value if np.isfinite(value) else None for value in told]


def identifiers(schema: Schema, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return what identifies each entry, as it was given."""
    names = schema.identifiers
    fewest = len(schema.required)
    may_be_less = not names & schema.required and all(len(entry) == fewest for entry in entries)
    if not names or may_be_less:  # no room for any
        return [{} for _ in entries]
    return [{name: entry[name] for name in entry if name in names} for entry in entries]


def _doubles(
    schema: Schema, entries: Sequence[Entry], own_types: frozenset[str]
) -> dict[str, Array]:
    """Return flat branches, all at once; {} if the entries are odd in any way.

    That all entries have the same names as the first is known without comparing them: they have
    as many, and each of the first's is found.
    """
    names = tuple(sorted(schema.flat - own_types - schema.texts))
    first = entries[0]
    if len(names) < _MANY or not isinstance(first, dict):
        return {}
    if not (schema.required <= first.keys() <= schema.known):
        return {}
    others = tuple(name for name in first if name not in names)
    try:
        if any(len(entry) != len(first) for entry in entries):
            return {}
        if others:
            list(map(itemgetter(*others), entries))
        matrix = np.array(list(map(itemgetter(*names), entries)))
    except (KeyError, TypeError, ValueError, OverflowError):
        return {}
    if matrix.ndim != 2 or matrix.dtype.kind not in "bif":  # noqa: PLR2004 - entries, branches
        return {}
    return dict(zip(names, np.ascontiguousarray(matrix.T, np.float64), strict=True))


def _flattened(schema: Schema, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return entries with rows within rows as the model reads them: flat, and their sizes."""
    nested = [name for name in schema.jagged | schema.either if f"{name}{SIZES}" in schema.known]
    if not nested:
        return entries
    return [_flat_rows(entry, nested, schema) for entry in entries]


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
                f"entry {number} is {_shown(entry)}, not an object of branches and values"
            )
        if entry.keys() == required:
            continue
        _refuse_unknown(entry.keys() - schema.known, number, schema.known)
        missing = sorted(required - entry.keys())
        if missing:
            more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
            raise InvalidRequestError(
                f"entry {number} has no branch {missing[0]!r}{more}",
                branch=missing[0],
                hint=f"the model needs {len(required)} branches of each entry",
            )


def _refuse_unknown(unknown: set[str], number: int, known: frozenset[str]) -> None:
    if not unknown:
        return
    name = min(unknown)
    raise InvalidRequestError(
        f"entry {number} has branch {name!r}, which the model does not know",
        branch=name,
        hint=nearest(name, known),
    )


def _rows(name: str, values: Sequence[Any], shared: dict[bytes, Offsets]) -> Jagged:
    for number, value in enumerate(values):
        if not isinstance(value, list):
            raise _wrong(name, number, value, "a list of numbers")
    counts = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    offsets = shared.setdefault(
        counts.tobytes(), np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))
    )
    content = _numbers(
        name, list(chain.from_iterable(values)), np.repeat(range(len(values)), counts)
    )
    return Jagged(content=content, offsets=offsets)


def _texts(name: str, values: Sequence[Any]) -> Array:
    for number, value in enumerate(values):
        if value is not None and not isinstance(value, str):
            raise _wrong(name, number, value, "a text")
    return text_array(values)


def _numbers(name: str, values: Sequence[Any], entries: Sequence[int] | Array) -> Array:
    """Return `values` as an array; `entries` tells which entry each one is from."""
    try:
        array = np.array(values)
    except ValueError:  # lists among numbers
        array = np.array(None)
    if array.ndim == 1 and array.dtype.kind in "biuf":
        return array
    for position, value in enumerate(values):
        if value is not None and not isinstance(value, int | float):
            raise _wrong(name, int(entries[position]), value, "a number")
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _wrong(name: str, number: int, value: Any, wanted: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"entry {number}: branch {name!r} is {_shown(value)}, not {wanted}", branch=name
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - fits on a line
