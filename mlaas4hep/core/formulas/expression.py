"""Formulas over branches: `sqrt(px**2 + py**2)`, `0<=n<=2`, `sum(Jet_pt) > 200`.

The grammar is in `syntax`, the functions in `functions`; nothing is ever `eval`ed. Whole
numbers and bools are computed as 64-bit integers and powers as floats, so that an 8-bit counter
does not wrap round; a division by zero gives inf or NaN without a warning.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets
from mlaas4hep.core.formulas.functions import FUNCTIONS
from mlaas4hep.core.formulas.operators import BITS, OPERATORS, chain, on_numbers, widened
from mlaas4hep.core.formulas.syntax import Instruction, parse
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """Something on the stack: a number, a value an entry, or (with `offsets`) a row an entry."""

    data: Any
    offsets: Offsets | None = None
    origin: str = ""  #: the branch that the offsets come from

    @property
    def lengths(self) -> Array:
        return np.empty(0) if self.offsets is None else np.diff(self.offsets)


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

    def is_jagged(self, jagged_names: AbstractSet[str]) -> bool:
        """Tell whether it gives a row an entry when `jagged_names` do."""
        stack: list[bool] = []
        for step in self.program:
            if step.kind == "name":
                stack.append(str(step.value) in jagged_names)
                continue
            inputs = [stack.pop() for _ in range(step.count)]
            reduces = step.kind == "call" and FUNCTIONS[str(step.value)].reduces(step.count)
            stack.append(any(inputs) and not reduces)
        return stack[-1]

    def evaluate(self, columns: Columns) -> Array | Jagged:
        """Return the value of each entry, or its row of values when a jagged branch is in it.

        Raises:
            InvalidRequestError: a branch is not there, or two jagged branches have rows of
                different lengths.
        """
        stack: list[_Value] = []
        with np.errstate(all="ignore"):  # what is not finite is counted in the specs
            for step in self.program:
                inputs = stack[len(stack) - step.count :]
                del stack[len(stack) - step.count :]
                stack.append(self._execute(step, inputs, columns))
        result = stack[-1]
        if result.offsets is not None:
            return Jagged(content=np.asarray(result.data), offsets=result.offsets)
        return np.broadcast_to(result.data, (columns.entries,))

    def _execute(self, step: Instruction, inputs: list[_Value], columns: Columns) -> _Value:
        if step.kind == "number":
            return _Value(data=step.value)
        if step.kind == "name":
            return self._branch(step, columns)
        if step.kind == "call":
            return self._call(step, inputs)
        if step.kind == "chain":
            return self._elementwise(step, chain(step.value), inputs)
        if step.value in BITS:
            self._refuse_floats(step, inputs)
        return self._elementwise(step, OPERATORS[str(step.value)], inputs)

    def _branch(self, step: Instruction, columns: Columns) -> _Value:
        name = str(step.value)
        if name in columns.flat:
            return _Value(data=widened(columns.flat[name]))
        if name in columns.jagged:
            rows = columns.jagged[name]
            return _Value(data=widened(rows.content), offsets=rows.offsets, origin=name)
        raise self._error(step, f"there is no branch {name!r}", nearest(name, columns.names), name)

    def _call(self, step: Instruction, inputs: list[_Value]) -> _Value:
        name = str(step.value)
        function = FUNCTIONS[name]
        if function.over_rows is not None and function.reduces(step.count):
            (rows,) = inputs
            if rows.offsets is None:
                raise self._error(
                    step, f"{name} needs a jagged branch", "it gives one value for each row"
                )
            return _Value(data=function.over_rows(Jagged(content=rows.data, offsets=rows.offsets)))
        assert function.elementwise is not None  # noqa: S101  the table has one of the two
        return self._elementwise(step, on_numbers(function.elementwise), inputs)

    def _elementwise(
        self, step: Instruction, function: Callable[..., Any], inputs: list[_Value]
    ) -> _Value:
        """Apply `function` entry by entry, repeating flat values along the rows of jagged ones."""
        jagged = [value for value in inputs if value.offsets is not None]
        if not jagged:
            return _Value(data=_computed(function, [value.data for value in inputs]))
        lead = jagged[0]
        for other in jagged[1:]:
            self._refuse_other_lengths(step, lead, other)
        arguments = [_along(value, lead.offsets) for value in inputs]
        return _Value(data=function(*arguments), offsets=lead.offsets, origin=lead.origin)

    def _refuse_other_lengths(self, step: Instruction, lead: _Value, other: _Value) -> None:
        if lead.offsets is other.offsets or np.array_equal(lead.lengths, other.lengths):
            return
        raise self._error(
            step,
            f"{lead.origin!r} and {other.origin!r} have rows of different lengths",
            "only branches of one collection can be combined value by value; "
            "sum, min, max, mean, count, any and all give one value for each row",
            other.origin,
        )

    def _refuse_floats(self, step: Instruction, inputs: list[_Value]) -> None:
        if any(np.asarray(value.data).dtype.kind == "f" for value in inputs):
            raise self._error(
                step,
                f"{step.value} needs whole numbers or conditions",
                "put comparisons in parentheses, (a > 1) & (b < 2), or write a > 1 && b < 2",
            )

    def _error(
        self, step: Instruction, message: str, hint: str, branch: str = ""
    ) -> InvalidRequestError:
        return InvalidRequestError(
            f"expression {self.text!r}, column {step.column}: {message}", hint=hint, branch=branch
        )


def _along(value: _Value, offsets: Offsets | None) -> Any:
    """Return what goes with each value inside the rows that `offsets` describe."""
    if offsets is None or value.offsets is not None or np.ndim(value.data) == 0:
        return value.data
    return np.repeat(value.data, np.diff(offsets))


def _computed(function: Callable[..., Any], arguments: list[Any]) -> Any:
    """Apply to arrays; numbers alone go through NumPy too (1/0 is inf) and stay numbers."""
    if any(np.ndim(argument) for argument in arguments):
        return function(*arguments)
    return np.asarray(function(*map(np.asarray, arguments))).item()
