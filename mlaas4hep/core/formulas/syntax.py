"""The grammar of expressions: text in, a checked program for a stack machine out.

    choice   := or ["?" choice ":" choice | "if" or "else" choice]
    or       := and (("||" | "or") and)*
    and      := not (("&&" | "and") not)*
    not      := "not" not | chain
    chain    := bits (("<" | "<=" | ">" | ">=" | "==" | "!=") bits)*      0<=n<=2 is both
              | bits ["not"] "in" ("[" | "(") bits ("," bits)* ("]" | ")")
    bits     := binary operators | ^ & << >> + - * / // %  as in Python, then unary, then **
    unary    := ("-" | "+" | "~" | "!") unary | picked ["**" unary]
    picked   := atom ("[" [":" ","] (choice | [whole] ":" [whole] [":" [whole]]) "]")*
    atom     := number | "text" | name | name "(" choice ("," choice)* ")" | get("any name")
              | "(" choice ")"

Nothing is evaluated here, and only what is written above can be said at all.
"""

from dataclasses import dataclass

from mlaas4hep.core.data.values.texts import shortened
from mlaas4hep.core.formulas import objects
from mlaas4hep.core.formulas.functions import FUNCTIONS
from mlaas4hep.core.formulas.program import Instruction
from mlaas4hep.core.formulas.reader import Reader
from mlaas4hep.core.formulas.spellings import NUMBERS, answer, bare, ours
from mlaas4hep.core.formulas.tokens import Token, refuse, to_number, tokenize
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError

MAX_LENGTH = 4096  #: characters
CONSTANTS: dict[str, float | bool] = {
    "pi": 3.141592653589793,
    "M_PI": 3.141592653589793,
    "True": True,
    "False": False,
    "true": True,
    "false": False,
}
_WORDS = frozenset({"and", "or", "not", "if", "else", "in"})
_OF_MANY = frozenset({"min", "max", "minimum", "maximum", "fmin", "fmax"})
_COUNTED = "sum(Jet_pt > 30) counts the values for which it is true, count(Jet_pt) all"
RESERVED = _WORDS | CONSTANTS.keys()  #: no branch is reached by these names

_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_BINARY = (("|",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/", "//", "%"))


def parse(text: str) -> tuple[Instruction, ...]:
    """Return the program of an expression.

    Raises:
        InvalidRequestError: it is not one; the message says at which column.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidRequestError(
            f"the expression has {len(text)} characters, more than {MAX_LENGTH}"
        )
    parser = _Parser(text, tokenize(text))
    parser.choice()
    if parser.token.kind != "end":
        parser.fail(f"{parser.token.text!r} was not expected here", parser.behind_a_type())
    if parser.program[-1].kind == "text":
        refuse(text, 1, "a text alone is no expression", 'compare it with a branch: HLT == "Mu50"')
    return tuple(parser.program)


@dataclass(slots=True)
class _Parser(Reader):
    """Recursive descent; each method reads its rule and appends to `program`."""

    def choice(self) -> None:
        begin = len(self.program)
        self.either()
        if token := self.take("?"):
            self.deeper(self.choice, token)
            if not self.take(":"):
                self.fail("':' was expected: condition ? yes : no")
            self.deeper(self.choice, token)
            self.emit("call", "where", 3, token)
        elif token := self.take("if"):
            yes = self.program[begin:]
            del self.program[begin:]
            self.deeper(self.either, token)
            self.program += yes  # behind the condition, as `where` takes them
            if not self.take("else"):
                self.fail("'else' was expected: yes if condition else no")
            self.deeper(self.choice, token)
            self.emit("call", "where", 3, token)

    def either(self) -> None:
        self.both()
        while token := self.take("||", "or"):
            self.both()
            self.emit("operator", "or", 2, token)

    def both(self) -> None:
        self.negation()
        while token := self.take("&&", "and"):
            self.negation()
            self.emit("operator", "and", 2, token)

    def negation(self) -> None:
        if token := self.take("not"):
            self.deeper(self.negation, token)
            self.emit("operator", "not", 1, token)
        else:
            self.chain()

    def chain(self) -> None:
        first, start = self.token, self.at
        loose = [self.binary(0)]
        if self.is_membership():
            self.membership(start)
            return
        operators: list[str] = []
        while token := self.take(*_COMPARISONS):
            first = token if not operators else first
            operators.append(token.text)
            loose.append(self.binary(0))
        if operators and any(loose):
            self.fail(
                "& and | bind tighter than comparisons, so this would compare something else",
                "put the comparisons in parentheses, (a > 1) & (b < 2), or write a > 1 && b < 2",
                first,
            )
        if 0 < sum(each in {"==", "!="} for each in operators) < len(operators):
            self.fail(
                "== beside < compares neighbours in Python, and results in C++",
                "put one comparison in parentheses, (a > 1) == b, or write a > 1 && 1 == b",
                first,
            )
        if operators:
            self.emit("chain", tuple(operators), len(operators) + 1, first)

    def is_membership(self) -> bool:
        negated = self.token.text == "not" and self.tokens[self.at + 1].text == "in"
        return negated or (self.token.kind, self.token.text) == ("name", "in")

    def membership(self, start: int) -> None:
        """Read `x in [1, 2]`, of which x is read: as x == 1 or x == 2, x read once more."""
        negated = self.take("not")
        token = self.take("in") or self.token
        opened = self.take("[", "(")
        if opened is None:
            hint = answer("contains") if self.tokens[start].kind == "text" else ""
            self.fail("a list was expected: x in [1, 2]", hint)
        count = 0
        while not count or self.take(","):
            if count:
                self.again(start)
            self.binary(0)
            self.emit("chain", ("==",), 2, token)
            if count:
                self.emit("operator", "or", 2, token)
            count += 1
        self.close(opened, "]" if opened.text == "[" else ")")
        if negated:
            self.emit("operator", "not", 1, negated)

    def again(self, start: int) -> None:
        """Read once more what begins at a place."""
        here, self.at = self.at, start
        self.binary(0)
        self.at = here

    def binary(self, level: int) -> bool:
        """Read operators of one level and tighter; tell whether the loosest is & or |."""
        if level == len(_BINARY):
            self.unary()
            return False
        bits = self.binary(level + 1)
        while token := self.take(*_BINARY[level]):
            self.binary(level + 1)
            self.emit("operator", token.text, 2, token)
            bits = token.text in "&|"
        return bits

    def unary(self) -> None:
        if token := self.take("-", "+", "~", "!"):
            self.deeper(self.unary, token)
            name = {"-": "negative", "+": "positive", "!": "not"}.get(token.text, token.text)
            self.emit("operator", name, 1, token)
            return
        self.atom()
        while token := self.take("["):
            self.picked(token)
        if token := self.take("**"):
            self.deeper(self.unary, token)
            self.emit("operator", "**", 2, token)

    def picked(self, opened: Token) -> None:
        """Read what stands in brackets: a place, a condition, or the bounds of a slice."""
        if self.token.text == ":" and self.tokens[self.at + 1].text == ",":
            self.at += 2  # awkward's Jet_pt[:, 0]: of all entries
        bounds = self.bounds()
        if len(bounds) > 1:
            if bounds[2:] == (0,):
                self.fail("a slice cannot go on by 0", token=opened)
            self.emit("slice", (*bounds, None, None)[:3], 1, opened)
        else:
            if bounds[0] is None:
                self.deeper(self.choice, opened)
            else:
                self.emit("number", bounds[0], 0, opened)
            self.emit("pick", "", 2, opened)
        self.close(opened, "]")

    def atom(self) -> None:
        token = self.token
        self.at += 1
        if token.kind == "number":
            self.emit("number", to_number(token.text), 0, token)
        elif token.kind == "text":
            self.emit("text", shortened(token.text[1:-1]), 0, token)
        elif token.kind == "name" and self.take("("):
            self.call(token)
        elif token.kind == "name" and token.text not in _WORDS:
            self.name(token)
        elif token.text == "(" and token.kind == "symbol":
            self.deeper(self.choice, token)
            self.close(token)
        else:
            found = repr(token.text) if token.text else "the end"
            self.fail(f"a value was expected, not {found}", token=token)

    def name(self, token: Token) -> None:
        place, member = self.member
        known = CONSTANTS.get(token.text)
        if token.text.endswith("$"):
            self.fail(f"{token.text} is not known here", answer(token.text), token)
        if place == self.at - 1:
            self.emit("name", f"{token.text}_{member}", 0, token)
        elif known is not None:
            self.emit("number", known, 0, token)
        else:
            self.emit("name", token.text, 0, token)

    def call(self, token: Token) -> None:
        if token.text == "get":
            self.named_branch(token)
        elif bare(token.text) in NUMBERS and self.take(")"):
            self.emit("number", NUMBERS[bare(token.text)], 0, token)
        elif token.text.endswith((".size", ".at")):
            self.method(token)
        else:
            self.function(token)

    def method(self, token: Token) -> None:
        """Read `Jet_pt.size()` and `Jet_pt.at(0)`, as C++ writes them."""
        branch, _, method = token.text.rpartition(".")
        self.emit("name", branch, 0, token)
        if method == "size":
            self.close(token)
            self.emit("call", "count", 1, token)
        else:
            self.deeper(self.choice, token)
            self.close(token)
            self.emit("pick", "", 2, token)

    def function(self, token: Token) -> None:
        name = ours(token.text)
        if name not in FUNCTIONS:
            hint = answer(token.text) or nearest(name, FUNCTIONS)
            self.fail(f"there is no function {token.text!r}", hint, token)
        count = self.listed(token) if name in _OF_MANY else 0
        count = count or objects.arguments(self, name, token)
        if token.text in {"MinIf$", "MaxIf$"} and count == 2:  # noqa: PLR2004 - values, condition
            self.emit("pick", "", 2, token)
            count = 1
        while count > 2 and name in _OF_MANY:  # noqa: PLR2004 - two at a time
            self.emit("call", name, 2, token)
            count -= 1
        if count not in FUNCTIONS[name].counts:
            wanted = " or ".join(str(number) for number in FUNCTIONS[name].counts[:4])
            self.fail(f"{token.text} takes {wanted} arguments, not {count}", token=token)
        if name == "count" and self.program[-1].kind == "chain":
            self.fail(f"{token.text} of a comparison is the length of the row", _COUNTED, token)
        self.emit("call", name, count, token)

    def listed(self, token: Token) -> int:
        """Read `max([a, b])` up to its end, and return how many values it has; 0 if it is none."""
        opened = self.take("[")
        if opened is None:
            return 0
        count = 0
        while not count or self.take(","):
            self.deeper(self.choice, opened)
            count += 1
        self.close(opened, "]")
        self.close(token)
        return count

    def named_branch(self, token: Token) -> None:
        quoted = self.token
        if quoted.kind != "text":
            self.fail('get takes the name of a branch in quotes: get("a/b")')
        self.at += 1
        self.close(token)
        self.emit("name", quoted.text[1:-1], 0, quoted)
