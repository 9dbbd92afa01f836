"""Objects as arguments: deltaR(Muon[0], Jet[0]) means Muon_eta, Muon_phi and so on.

An object is the name of a collection, or of a single thing such as MET, with what is picked of it
in brackets. Its text is read once more for each member, with the member's name after the object's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from mlaas4hep.core.formulas.tokens import Token

_ANGLES = ("eta", "phi")
_OF_TWO = {
    "deltaR": _ANGLES,
    "nearest": _ANGLES,
    "minDeltaR": _ANGLES,
    "transverseMass": ("pt", "phi"),
}
_MEMBERS = {**_OF_TWO, "invMass": ("pt", "eta", "phi", "mass")}


class Parser(Protocol):
    """What reading arguments needs of the parser."""

    tokens: list[Token]
    program: list[Any]
    at: int
    stack: int
    member: tuple[int, str]

    @property
    def token(self) -> Token: ...  # noqa: D102
    def take(self, *texts: str) -> Token | None: ...  # noqa: D102
    def choice(self) -> None: ...  # noqa: D102
    def close(self, opened: Token) -> None: ...  # noqa: D102
    def deeper(self, rule: Callable[[], None], token: Token) -> None: ...  # noqa: D102
    def fail(self, message: str, hint: str = "", token: Token | None = None) -> NoReturn: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class _Argument:
    """Where an argument stands among the tokens and in the program."""

    start: int
    program: int
    stack: int
    is_object: bool  #: nothing but a name and brackets
    name: str  #: that it begins with


def arguments(parser: Parser, function: str, opened: Token) -> int:
    """Read the arguments of a call and its closing parenthesis; return how many numbers they are.

    Raises:
        InvalidRequestError: they are no expressions, or angles stand in the wrong order.
    """
    found = [_argument(parser, function, opened)]
    while parser.take(","):
        found.append(_argument(parser, function, opened))
    end = parser.at
    members = _members(function, found)
    count = len(found)
    if members:
        count *= len(members)
        parser.stack = found[0].stack
        del parser.program[found[0].program :]
        for argument in found:
            _read_members(parser, argument, members, opened)
        parser.at = end
    elif _OF_TWO.get(function) == _ANGLES and len(found) == 4:  # noqa: PLR2004 - two objects
        _check_angles(parser, found, opened)
    parser.close(opened)
    return count


def _argument(parser: Parser, function: str, opened: Token) -> _Argument:
    start, program, stack = parser.at, len(parser.program), parser.stack
    token = parser.token
    parser.deeper(parser.choice, opened)
    is_object = _is_object(parser.tokens[start : parser.at])
    found = _Argument(
        start=start, program=program, stack=stack, is_object=is_object, name=token.text
    )
    if function == "deltaPhi" and is_object and "phi" not in token.text.lower():
        parser.stack = stack
        end = parser.at
        del parser.program[program:]
        _read_members(parser, found, ("phi",), opened)
        parser.at = end
    return found


def _read_members(
    parser: Parser, argument: _Argument, members: Sequence[str], opened: Token
) -> None:
    outer = parser.member
    for member in members:
        parser.at = argument.start
        parser.member = (argument.start, member)
        parser.deeper(parser.choice, opened)
    parser.member = outer


def _members(function: str, found: Sequence[_Argument]) -> Sequence[str]:
    """Return the branches of each argument that are meant; none if arguments are numbers."""
    members = _MEMBERS.get(function, ())
    if not all(argument.is_object for argument in found):
        return ()
    if function in _OF_TWO:
        return members if len(found) == 2 else ()  # noqa: PLR2004 - two objects
    angles = [argument.name.lower() for argument in found[2::4]]
    are_numbers = len(found) % 4 == 0 and all("phi" in name for name in angles)
    return () if are_numbers else members


def _is_object(tokens: Sequence[Token]) -> bool:
    """Tell whether these are one name and then only brackets."""
    if not tokens or tokens[0].kind != "name":
        return False
    depth = 0
    for token in tokens[1:]:
        depth += token.text == "["
        if depth == 0:
            return False
        depth -= token.text == "]"
    return True


def _check_angles(parser: Parser, found: Sequence[_Argument], opened: Token) -> None:
    """Refuse the order of ROOT's DeltaR, which would give another number."""
    ends = [*(argument.program for argument in found[1:]), len(parser.program)]
    for argument, end, other in zip(found, ends, ("phi", "eta", "phi", "eta"), strict=True):
        steps = parser.program[argument.program : end]
        names = [str(step.value).lower() for step in steps if step.kind == "name"]
        wanted = "eta" if other == "phi" else "phi"
        if names and all(other in name and wanted not in name for name in names):
            parser.fail(
                f"{opened.text} takes eta1, phi1, eta2, phi2; {wanted} was expected, not {names[0]!r}",
                "or two objects: deltaR(Muon[0], Jet[0])",
                opened,
            )
