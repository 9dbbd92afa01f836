"""Expressions cut into words: numbers, names, quoted names and symbols."""

import re
from dataclasses import dataclass
from typing import NoReturn

from mlaas4hep.errors import InvalidRequestError

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:0[xX][0-9a-fA-F]{1,16}|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[fF]?)
        [uUlL]*(?![\w.]))
    | (?P<name>[A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)*\$?)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<symbol>\*\*|//|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>&|~!(),?:\[\]])
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_HINTS = {
    ".": "what an object has is picked from its branch, Muon_pt[0]; objects add up in"
    " invMass(Muon[0], Muon[1]); functions are written around, sum(x[:2]); awkward's x[..., 0] is x[0]",
    "^": "a power is written **",
    "@": "the length of a row is count(Jet_pt)",
    "=": "equality is written ==; axis=1 is not needed, functions work along each row",
}
_EXAMPLE = "an expression looks like pt > 20 && abs(eta) < 2.4"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an expression."""

    kind: str  #: number, name, text, symbol, end
    text: str
    column: int  #: from 1


def tokenize(text: str) -> list[Token]:
    """Return the words in `text`, the last one of kind end.

    Raises:
        InvalidRequestError: there is a character that no expression has.
    """
    tokens: list[Token] = []
    at = 0
    while not tokens or tokens[-1].kind != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].lstrip()
            column = len(text) - len(rest)
            hint = _HINTS.get(rest[0], "")
            refuse(text, column + 1, f"{rest[0]!r} is not part of an expression", hint)
        kind = match.lastgroup or ""
        tokens.append(Token(kind, match.group(kind), match.start(kind) + 1))
        at = match.end()
    return tokens


def refuse(text: str, column: int, message: str, hint: str = "") -> NoReturn:
    """Raise an InvalidRequestError that shows the expression and the column."""
    raise InvalidRequestError(
        f"expression {text!r}, column {column}: {message}", hint=hint or _EXAMPLE
    )


def to_number(text: str) -> float:
    """Return a whole number where it fits into 64 bits, else a float; C++'s suffixes say nothing.

    >>> to_number("0x1F"), to_number("2.5f"), to_number("12UL")
    (31, 2.5, 12)
    """
    plain = text.rstrip("uUlL")
    if plain[:2] in {"0x", "0X"}:
        return int(plain, 16)
    plain = plain.rstrip("fF")
    if plain.isdigit() and len(plain) <= len(str(2**64)) and int(plain) < 2**64:
        return int(plain)
    return float(plain)
