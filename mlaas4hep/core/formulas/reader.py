"""What reading an expression stands on: the tokens, how far it is, and the program so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from mlaas4hep.core.formulas.program import MAX_STACK, MAX_STEPS, Given, Instruction, Kind
from mlaas4hep.core.formulas.spellings import TYPES, answer
from mlaas4hep.core.formulas.tokens import Token, refuse

MAX_NESTING = 40  #: of parentheses, signs and powers


@dataclass(slots=True)
class Reader:
    """Passes tokens and appends to `program`, within its limits."""

    text: str
    tokens: list[Token]
    program: list[Instruction] = field(default_factory=list)
    at: int = 0
    nesting: int = 0
    stack: int = 0
    steps: int = 0
    member: tuple[int, str] = (-1, "")  #: what follows the name at one place: that of an object

    @property
    def token(self) -> Token:
        """Return the next token."""
        return self.tokens[self.at]

    def fail(self, message: str, hint: str = "", token: Token | None = None) -> NoReturn:
        """Refuse the expression, at the next token or at `token`."""
        refuse(self.text, (token or self.token).column, message, hint)

    def take(self, *texts: str) -> Token | None:
        """Return and pass the next token if it is one of `texts`."""
        token = self.token
        if token.kind in {"symbol", "name"} and token.text in texts:
            self.at += 1
            return token
        return None

    def emit(self, kind: Kind, value: Given, count: int, token: Token) -> None:
        """Append a step that takes `count` values and gives one."""
        self.stack += 1 - count
        self.steps += 1
        if self.steps > MAX_STEPS:
            self.fail(f"the expression takes more than {MAX_STEPS} steps", token=token)
        if self.stack > MAX_STACK:
            self.fail(f"more than {MAX_STACK} values wait for an operator", token=token)
        self.program.append(Instruction(kind=kind, value=value, count=count, column=token.column))

    def bounds(self) -> tuple[int | None, ...]:
        """Pass the whole numbers and colons of a slice, or one number alone; else nothing."""
        before = self.at
        found = [self.whole()]
        while self.take(":"):
            found.append(self.whole())
        if self.token.text != "]" or len(found) > 3:  # noqa: PLR2004 - start, stop, step
            if len(found) > 1:
                self.fail("a slice is written with whole numbers: x[:2], x[-1], x[1:3]")
            self.at = before
            return (None,)
        return tuple(found)

    def whole(self) -> int | None:
        """Pass a whole number; None if there is none."""
        before = self.at
        sign = -1 if self.take("-") else 1
        if self.token.kind == "number" and self.token.text.isdigit():
            self.at += 1
            return sign * int(self.tokens[self.at - 1].text[:18])
        self.at = before
        return None

    def close(self, opened: Token, end: str = ")") -> None:
        """Pass the end of what `opened` began."""
        if not self.take(end):
            found = repr(self.token.text) if self.token.text else "the end"
            message = f"{end!r} was expected, not {found}, after column {opened.column}"
            self.fail(message, self.behind_a_type())

    def behind_a_type(self) -> str:
        """Return what to write if C++'s `(int)` stands before the next token; "" if it does not."""
        words = [token.text for token in self.tokens[max(self.at - 3, 0) : self.at]]
        is_cast = len(words) == 3 and (words[0], words[2]) == ("(", ")")  # noqa: PLR2004 - ( int )
        return answer(words[1]) if is_cast and words[1] in TYPES else ""

    def deeper(self, rule: Callable[[], None], token: Token) -> None:
        """Read a rule inside of another."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.fail(f"nested more than {MAX_NESTING} deep", token=token)
        rule()
        self.nesting -= 1
