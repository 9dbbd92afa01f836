"""Texts that are numbers to people, in a spelling that no program took for one: 1,5 or 1.5D+03."""

import re
from collections.abc import Callable, Iterable

_SIGN = r"[+\-\N{MINUS SIGN}]?"
_PLAIN = rf"{_SIGN}(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?"
_COMMA = rf"{_SIGN}(?:\d+,\d*|,\d+)(?:[eEdD][+-]?\d+)?"
_GROUPED = rf"{_SIGN}\d{{1,3}}(?:[.,'_]\d{{3}})+(?:[.,]\d+)?"
_NUMBER = re.compile(rf"(?:{_PLAIN}|{_COMMA}|{_GROUPED})[fF%]?")
_ONE_OF_MANY = re.compile(_PLAIN)
_DECIMAL_COMMA = re.compile(rf"{_COMMA}|{_SIGN}\d+(?:[eE][+-]?\d+)?")
_BETWEEN = re.compile(r"[\s|;]+")  #: numbers of one text
_AROUND = "[]()'\" \t"
_NOTHING = re.compile(
    r"[-.?*/_ ]+|[+-]?1\.?#(?:inf|ind|qnan|snan|qnb)|#[a-z0-9/]+[!?]?|\\n|<na>|\(null\)"
    r"|n\.?a\.?|none|nil|null|missing|undefined|empty",
    re.IGNORECASE,
)


def means_nothing(text: str) -> bool:
    """Tell whether a text stands where a number is missing, or is none.

    >>> means_nothing("-"), means_nothing("1.#INF"), means_nothing("#DIV/0!"), means_nothing("mu")
    (True, True, True, False)
    """
    return _NOTHING.fullmatch(text.strip()) is not None


def are_numbers(texts: Iterable[str]) -> bool:
    """Tell whether all texts are numbers, or several ones each; empty texts do not count.

    >>> are_numbers(["1,5", "2"]), are_numbers(["1 2 3"]), are_numbers(["2024-01-02", "1"])
    (True, True, False)
    """
    return _all(texts, _is_number)


def have_decimal_commas(texts: Iterable[str]) -> bool:
    """Tell whether all texts are numbers with a decimal comma, or whole ones."""
    return _all(texts, lambda text: _DECIMAL_COMMA.fullmatch(text.strip()) is not None)


def _all(texts: Iterable[str], test: Callable[[str], bool]) -> bool:
    found = [text for text in texts if text.strip()]
    return bool(found) and all(map(test, found))


def _is_number(text: str) -> bool:
    parts = [part for part in _BETWEEN.split(text.strip(_AROUND)) if part]
    return bool(parts) and all(_is_one(part) for part in parts)


def _is_one(part: str) -> bool:
    one = _NUMBER.fullmatch(part) is not None
    return one or all(_ONE_OF_MANY.fullmatch(each) for each in part.split(","))
