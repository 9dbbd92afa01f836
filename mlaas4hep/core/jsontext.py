"""JSON written by people: errors say line and column, and a key given twice is one."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError

MAX_DIGITS = 300  #: of a whole number
MAX_LENGTH = 1_000_000  #: characters


def parse_object(text: str | bytes, what: str) -> dict[str, Any]:
    """Return the JSON object in `text`; `what` names it in errors, such as "params.json".

    NaN and infinities may be written as Python writes them.

    Raises:
        InvalidRequestError: it is not JSON, not an object, has a key twice or is too large.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidRequestError(f"{what} has {len(text)} characters, more than {MAX_LENGTH}")
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.lstrip("\ufeff")
        value = json.loads(
            decoded, object_pairs_hook=lambda pairs: unique(pairs, what), parse_int=_whole
        )
    except json.JSONDecodeError as error:
        raise InvalidRequestError(
            f"{what} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}",
            hint="names and texts stand in double quotes; no comma after the last item",
        ) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, absurd numbers or nesting
        raise InvalidRequestError(f"{what} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidRequestError(f"{what} is not an object", hint="it looks like {...}")
    if "\\u" in decoded:
        _refuse_half_characters(value, what)
    return value


def _whole(text: str) -> int:
    """Return a whole number that any double can stand for."""
    if len(text) > MAX_DIGITS:
        raise ValueError(f"there is a whole number of {len(text)} digits")
    return int(text)


def _refuse_half_characters(value: Any, what: str) -> None:
    """Refuse texts that cannot be written as UTF-8: half of a pair of surrogates."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise InvalidRequestError(
            f"{what} has a text with \\u{ord(half):04x}, which is half a character"
        ) from error


def refuse_unknown(
    given: Iterable[str],
    known: Iterable[str],
    what: str,
    elsewhere: Mapping[str, str] | None = None,
) -> None:
    """Refuse a key that is not `known`; say what `elsewhere` says of it, or name the nearest.

    Raises:
        InvalidRequestError: there is such a key.
    """
    allowed = frozenset(known)
    for key in given:
        if key not in allowed:
            hint = (elsewhere or {}).get(key) or nearest(key, allowed)
            raise InvalidRequestError(f"{what}: unknown key {key!r}", hint=hint)


def unique(pairs: list[tuple[str, Any]], what: str) -> dict[str, Any]:
    """Return an object of these pairs, as `object_pairs_hook` of `json.loads`; `what` names it in errors.

    Raises:
        InvalidRequestError: a key is given twice; Python would take the last one.
    """
    items: dict[str, Any] = {}
    for key, value in pairs:
        if key in items:
            raise InvalidRequestError(f"{what}: {key!r} is given twice")
        items[key] = value
    return items


def name_list(value: Any, what: str) -> tuple[str, ...]:
    """Return names given as a list or as one comma separated text; empty ones are dropped.

    Raises:
        InvalidRequestError: it is something else.
    """
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise InvalidRequestError(
            f"{what} is {value!r}, not a list of names", hint='such as ["a", "b"] or "a,b"'
        )
    return tuple(item.strip() for item in items if item.strip())
