"""Formulas over branches: `sqrt(px**2 + py**2)`, `0<=n<=2`, `sum(Jet_pt[Jet_pt > 25]) > 200`.

The grammar is in `syntax`, the functions in `functions`; nothing is ever `eval`ed.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from mlaas4hep.core.data.columns import Array, Columns, Jagged
from mlaas4hep.core.formulas.functions import FUNCTIONS
from mlaas4hep.core.formulas.machine import Machine
from mlaas4hep.core.formulas.program import Instruction
from mlaas4hep.core.formulas.syntax import CONSTANTS, parse
from mlaas4hep.core.formulas.tokens import refuse

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A formula that was checked; it can be evaluated on any number of entries."""

    text: str
    program: tuple[Instruction, ...]

    @classmethod
    def parse(cls, text: str) -> "Expression":
        """Return the formula in `text`.

        Raises:
            InvalidRequestError: it is not one, or it calls what is not allowed; the message
                says at which column.
        """
        return cls(text=text, program=parse(text))

    @property
    def names(self) -> frozenset[str]:
        """Return the branches that it needs."""
        return frozenset(str(step.value) for step in self.program if step.kind == "name")

    @property
    def numbers(self) -> frozenset[float]:
        """Return the numbers in it, without their signs."""
        values = (step.value for step in self.program if step.kind == "number")
        return frozenset(float(value) for value in values if isinstance(value, int | float))

    @property
    def constants(self) -> frozenset[str]:
        """Return the constants that it calls by a word, such as pi."""
        words = (
            _WORD.match(self.text, step.column - 1)
            for step in self.program
            if step.kind == "number"
        )
        return frozenset(word.group() for word in words if word) & CONSTANTS.keys()

    def is_jagged(self, jagged_names: AbstractSet[str]) -> bool:
        """Tell whether it gives a row an entry when `jagged_names` do.

        Raises:
            InvalidRequestError: it takes something out of a value that is no row.
        """
        stack: list[bool] = []
        for step in self.program:
            if step.kind == "name":
                stack.append(str(step.value) in jagged_names)
                continue
            inputs = [stack.pop() for _ in range(step.count)][::-1]
            if inputs and not inputs[0] and (needed := _needs_rows(step)):
                refuse(self.text, step.column, f"{needed} needs a jagged branch", _ONE_VALUE)
            stack.append(_gives_rows(step, inputs))
        return stack[-1]

    def evaluate(self, columns: Columns) -> Array | Jagged:
        """Return the value of each entry, or its row of values when a jagged branch is in it.

        Raises:
            InvalidRequestError: a branch is not there, or two jagged branches have rows of
                different lengths.
        """
        with np.errstate(all="ignore"):  # what is not finite is counted in the specs
            result = Machine(self.text, columns).run(self.program)
        if result.offsets is not None:
            return Jagged(content=np.asarray(result.data), offsets=result.offsets)
        return np.broadcast_to(result.data, (columns.entries,))


_ONE_VALUE = "this has one value an entry, so there is nothing to choose from"


def _needs_rows(step: Instruction) -> str:
    """Return what the step is called, if its first input must be rows."""
    if step.kind in {"pick", "slice"}:
        return "[ ]"
    if step.kind == "call" and FUNCTIONS[str(step.value)].needs_rows(step.count):
        return str(step.value)
    return ""


def _gives_rows(step: Instruction, inputs: list[bool]) -> bool:
    if step.kind == "pick":
        return inputs[1]
    reduces = step.kind == "call" and FUNCTIONS[str(step.value)].reduces(
        step.count, jagged=any(inputs)
    )
    return any(inputs) and not reduces
