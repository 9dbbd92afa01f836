"""What values of JSON are: kinds inferred on samples, and held from then on."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from mlaas4hep.adapters.sources.columnar.exact import exact

_ONE_VALUE = "write each value once, and those that are not finite as NaN or Infinity"
_AGAIN = "write the entry again"
MIXED = pa.binary()  #: stands for values that are now one thing, now another
_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:')  #: of a member, as it is written
_EITHER = pa.uint32()  #: stands for whole numbers that fit both with and without a sign
_WHOLE = {pa.int64(), pa.uint64()}
_NUMBERS = {_EITHER, pa.float64(), *_WHOLE}
_SIMPLE = {
    type(None): pa.null(),
    bool: pa.bool_(),
    float: pa.float64(),
    str: pa.string(),
}


class WrongEntryError(ValueError):
    """An entry that is no JSON, or that readers take for different values."""

    def __init__(self, number: int, why: str, hint: str) -> None:
        super().__init__(why)
        self.number = number  #: of the entry in its piece
        self.hint = hint


class _MemberError(ValueError):
    """A member that has no one value."""


def decoded(piece: bytes) -> Iterator[Any]:
    """Yield the objects of a piece; Python's parser knows NaN and Infinity, which JSON does not.

    Raises:
        WrongEntryError: an object is no JSON, has two members of one name, or a number that is
            larger than doubles.
        UnicodeDecodeError: it is not UTF-8.
    """
    return (value for value, _ in _objects(piece.decode("utf-8")))


def telling(piece: bytes, most: int, known: set[str]) -> Iterator[Any]:
    """Yield the first `most` objects of a piece, and later ones with a name not yet in `known`.

    Names are added to `known`. Of a piece without new names nothing but the names is looked at.
    """
    text = piece.decode("utf-8")
    missing = _names(text) - known if not most else set()
    start = 0
    for number, (value, stop) in enumerate(_objects(text) if most or missing else ()):
        names = _names(text[start:stop])
        if number < most or names - known:
            yield value
        known |= names
        if number + 1 == most:
            missing = _names(text[stop:])
        missing -= known
        if number + 1 >= most and not missing:
            return
        start = stop


def _names(text: str) -> set[str]:
    return set(_NAME.findall(text))


def _objects(text: str) -> Iterator[tuple[Any, int]]:
    """Yield each object with where it ends."""
    decoder = json.JSONDecoder(object_pairs_hook=_members, parse_float=_finite)
    at = number = 0
    while True:
        at += len(text[at : at + 64]) - len(text[at : at + 64].lstrip(", \t\r\n"))
        if at >= len(text):
            return
        if text[at] in ", \t\r\n":
            continue
        try:
            value, at = decoder.raw_decode(text, at)
        except _MemberError as error:
            raise WrongEntryError(number, str(error), _ONE_VALUE) from error
        except json.JSONDecodeError as error:
            place = f"at its character {error.pos - at + 1}"
            raise WrongEntryError(
                number, f"is no JSON: {error.msg.removesuffix(' at')} {place}", _AGAIN
            ) from error
        yield value, at
        number += 1


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise _MemberError(f"has {twice[:80]!r} more than once")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _MemberError(f"has the number {digits[:40]}, which is larger than a double holds")
    return number


def kind_of(value: Any) -> Any:
    """Return the Arrow type of a value."""
    if isinstance(value, Mapping):
        return pa.struct({name: kind_of(each) for name, each in value.items()})
    if isinstance(value, list):
        inner = pa.null()
        for each in value:
            inner = both(inner, kind_of(each))
        return pa.list_(inner)
    return _whole_kind(value) if type(value) is int else _SIMPLE[type(value)]


def _whole_kind(value: int) -> Any:
    if 0 <= value < 2**64:
        return _EITHER if value < 2**63 else pa.uint64()
    return pa.int64() if -(2**63) <= value < 0 else pa.float64()


def both(one: Any, other: Any) -> Any:
    """Return the type that holds values of both."""
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        fields = {field.name: field.type for field in one}
        for field in other:
            fields[field.name] = both(fields.get(field.name, pa.null()), field.type)
        return pa.struct(fields)
    if pa.types.is_list(one) and pa.types.is_list(other):
        return pa.list_(both(one.value_type, other.value_type))
    return _number_of_both({one, other})


def _number_of_both(kinds: set[Any]) -> Any:
    if _EITHER in kinds and kinds & _WHOLE:
        return (kinds - {_EITHER}).pop()
    return pa.float64() if pa.float64() in kinds and kinds <= _NUMBERS else MIXED


def settled(kind: Any) -> Any:
    """Return the type to read; with decimal numbers wherever no value was seen."""
    if pa.types.is_null(kind):
        return pa.float64()
    if kind == _EITHER:
        return pa.int64()
    if pa.types.is_list(kind):
        return pa.list_(settled(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct({field.name: settled(field.type) for field in kind})
    return kind


def fits(value: Any, kind: Any) -> bool:
    """Tell whether a value can be read as a type."""
    known = both(kind_of(value), kind)
    return bool(known == kind or _is_wider(known, kind))


def in_doubles(value: Any, kind: Any) -> Any:
    """Return a value of a type, with doubles for whole numbers where the type has doubles.

    Raises:
        InexactError: that would change digits.
    """
    if isinstance(value, dict) and pa.types.is_struct(kind):
        return {field.name: in_doubles(value.get(field.name), field.type) for field in kind}
    if isinstance(value, list) and pa.types.is_list(kind):
        return [in_doubles(each, kind.value_type) for each in value]
    if type(value) is not int or not pa.types.is_floating(kind):
        return value
    return exact(value)


def _is_wider(known: Any, kind: Any) -> bool:
    """Tell whether two types differ only in fields that nobody reads."""
    if pa.types.is_struct(known) and pa.types.is_struct(kind):
        return all(
            kind.get_field_index(field.name) < 0
            or field.type == kind.field(field.name).type
            or _is_wider(field.type, kind.field(field.name).type)
            for field in known
        )
    if pa.types.is_list(known) and pa.types.is_list(kind):
        return known.value_type == kind.value_type or _is_wider(known.value_type, kind.value_type)
    return False


def only(kind: Any, paths: list[tuple[str, ...]]) -> Any:
    """Return a type with just the fields that lie on one of the paths."""
    if pa.types.is_list(kind):
        return pa.list_(only(kind.value_type, paths))
    if not pa.types.is_struct(kind):
        return kind
    inside: dict[str, list[tuple[str, ...]]] = {}
    for path in paths:
        if path:
            inside.setdefault(path[0], []).append(path[1:])
    return pa.struct(
        {field.name: only(field.type, inside[field.name]) for field in kind if field.name in inside}
    )
