"""What an expression becomes: steps of a stack machine."""

from dataclasses import dataclass
from typing import Literal

MAX_STACK = 64  #: values that may wait for an operator
MAX_STEPS = 20_000  #: of a program, the second reading of objects included

Kind = Literal["number", "text", "name", "operator", "chain", "call", "pick", "slice"]
Given = float | bool | str | tuple[str, ...] | tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One step of the program; `count` values are taken from the stack and one is put back."""

    kind: Kind
    value: Given  #: the number, text, name, operator(s), function or bounds of a slice
    count: int = 0
    column: int = 0  #: where it stands in the text, from 1
