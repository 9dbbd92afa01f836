"""The stack machine that computes a program on the columns of some entries.

Whole numbers and bools are computed as 64-bit integers and powers as floats, so that an 8-bit
counter does not wrap round; a division by zero gives inf or NaN without a warning.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlaas4hep.core.data import nesting
from mlaas4hep.core.data.columns import Array, Columns, Jagged
from mlaas4hep.core.formulas import picking
from mlaas4hep.core.formulas.functions import FUNCTIONS, Function
from mlaas4hep.core.formulas.operators import BITS, OPERATORS, chain, on_numbers, widened
from mlaas4hep.core.formulas.program import Instruction
from mlaas4hep.core.formulas.spellings import answer
from mlaas4hep.core.formulas.value import Value
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError

_WIDEST = 1000  #: values of an inner row
_MOST_PADDED = 2**28  #: values at once: 2 GB
_DISTANCES = (
    "minDeltaR(Jet, Muon) is the distance of each jet to the nearest muon,"
    " deltaR(Jet, Muon[0]) that to the first one"
)
_TOO_WIDE = (
    "a whole number here does not fit into 64 bits",
    "with a decimal number in it, 1.0 * x, it is computed with decimal numbers",
)
_ONE_COLLECTION = (
    "only branches of one collection, picked in the same way, can be combined value by "
    "value; Jet_pt[0] is one value, and sum, min, max, mean, count, any and all give one"
)


@dataclass(frozen=True, slots=True)
class Machine:
    """One computation; `text` is for its errors."""

    text: str
    columns: Columns

    def run(self, program: Sequence[Instruction]) -> Value:
        """Return what is left on the stack."""
        stack: list[Value] = []
        for step in program:
            inputs = stack[len(stack) - step.count :]
            del stack[len(stack) - step.count :]
            if any(value.kind == "U" for value in inputs):
                self._refuse_unless_compared(step, inputs)
            try:
                stack.append(self._execute(step, inputs))
            except OverflowError:
                raise self._error(step, *_TOO_WIDE) from None
        return stack[-1]

    def _execute(self, step: Instruction, inputs: list[Value]) -> Value:
        match step.kind:
            case "number" | "text":
                return Value(data=step.value)
            case "name":
                return self._branch(step)
            case "call":
                return self._call(step, inputs)
            case "pick" | "slice":
                return self._out_of_rows(step, inputs)
        return self._operate(step, inputs)

    def _operate(self, step: Instruction, inputs: list[Value]) -> Value:
        if step.kind == "chain":
            return self._elementwise(step, chain(step.value), inputs)
        if step.value in BITS:
            self._refuse_floats(step, inputs)
        return self._elementwise(step, OPERATORS[str(step.value)], inputs)

    def _branch(self, step: Instruction) -> Value:
        name = str(step.value)
        if name in self.columns.flat:
            return Value(data=widened(self.columns.flat[name]))
        if name in self.columns.jagged:
            rows = self.columns.jagged[name]
            return Value(data=widened(rows.content), offsets=rows.offsets, origin=name)
        hint = answer(name) or nearest(name, self.columns.names)
        raise self._error(step, f"there is no branch {name!r}", hint, name)

    # Functions ----------------------------------------------------------------------------------
    def _call(self, step: Instruction, inputs: list[Value]) -> Value:
        name = str(step.value)
        function = FUNCTIONS[name]
        if name == "take":
            return self._take(step, *inputs)
        if name == "padded":
            return self._padded(step, *inputs)
        if function.across is not None:
            return self._across(step, function, inputs)
        if function.within_rows is not None:
            data = function.within_rows(self._rows(step, inputs[0], name))
            own = inputs[0].offsets if function.gives_places else inputs[0].places_in
            return replace(inputs[0], data=data, places_in=own)
        jagged = any(value.offsets is not None for value in inputs)
        if function.reduces(step.count, jagged=jagged):
            return self._reduce(step, function, inputs)
        assert function.elementwise is not None  # noqa: S101  the table has one of the three
        return self._elementwise(step, on_numbers(function.elementwise), inputs)

    def _reduce(self, step: Instruction, function: Function, inputs: list[Value]) -> Value:
        assert function.over_rows is not None  # noqa: S101  it reduces
        if len(inputs) == 1:
            aligned = [self._rows(step, inputs[0], str(step.value))]
        else:
            lead = self._lead(step, inputs)
            assert lead.offsets is not None  # noqa: S101  one of them is jagged
            size = (int(lead.offsets[-1]),)
            aligned = [
                Jagged(
                    content=np.broadcast_to(value.along(lead.offsets), size), offsets=lead.offsets
                )
                for value in inputs
            ]
        places_in = aligned[0].offsets if function.gives_places else None
        return Value(data=function.over_rows(*aligned), places_in=places_in)

    # What is taken out of rows ------------------------------------------------------------------
    def _out_of_rows(self, step: Instruction, inputs: list[Value]) -> Value:
        rows = self._rows(step, inputs[0], "[ ]")
        if step.kind == "slice":
            bounds: Any = step.value
            cut = picking.sliced(rows, bounds)
            return Value.of_rows(cut, inputs[0].origin, inputs[0].places_in)
        return self._pick(step, inputs[0], inputs[1])

    def _pick(self, step: Instruction, rows: Value, index: Value) -> Value:
        taken, inside = rows.rows, rows.places_in
        self._refuse_places_of_others(step, rows, index)
        if index.offsets is None:
            self._refuse_flat_condition(step, index)
            return Value(data=picking.element(taken, self._places(step, index)), places_in=inside)
        if index.places_in is not None:
            return Value.of_rows(picking.at_places(taken, index.rows), index.origin, inside)
        self._refuse_other_lengths(step, rows, index)
        kept = picking.masked(taken, self._condition(step, index))
        return Value.of_rows(kept, rows.origin, inside)

    def _take(self, step: Instruction, rows: Value, places: Value) -> Value:
        taken = self._rows(step, rows, "take")
        if places.offsets is None:
            first = picking.leading(taken, self._places(step, places))
            return Value.of_rows(first, rows.origin, rows.places_in)
        self._refuse_places_of_others(step, rows, places)
        checked = Jagged(content=self._places(step, places), offsets=places.offsets)
        return Value.of_rows(picking.at_places(taken, checked), places.origin, rows.places_in)

    def _across(self, step: Instruction, function: Function, inputs: list[Value]) -> Value:
        """Hold objects against those of another collection; each pair has rows of its own."""
        assert function.across is not None  # noqa: S101  asked only of those
        name = str(step.value)
        for one, other in (inputs[:2], inputs[2:]):
            self._rows(step, one, f"{name} of two collections")
            self._rows(step, other, f"{name} of two collections")
            self._refuse_other_lengths(step, one, other)
        data = function.across(*(value.rows for value in inputs))
        places_in = inputs[2].offsets if function.gives_places else None
        return replace(inputs[0], data=data, places_in=places_in)

    def _padded(self, step: Instruction, values: Value, sizes: Value, width: Value) -> Value:
        rows, inner = self._rows(step, values, "padded"), self._rows(step, sizes, "padded")
        if not isinstance(width.data, int) or not 1 <= width.data <= _WIDEST:
            raise self._error(
                step, f"the width is a written number from 1 to {_WIDEST}", "padded(v, v.sizes, 4)"
            )
        if len(inner.content) * width.data > _MOST_PADDED:
            message = (
                f"{len(inner.content)} inner lists of {width.data} values do not fit in memory"
            )
            raise self._error(step, message, "write a smaller width")
        try:
            return Value.of_rows(nesting.padded(rows, inner, width.data), "")
        except ValueError:
            raise self._error(
                step, f"{sizes.origin!r} are not the sizes of these rows", "padded(v, v.sizes, 4)"
            ) from None

    def _rows(self, step: Instruction, value: Value, what: str) -> Jagged:
        if value.offsets is None:
            raise self._error(step, f"{what} needs a jagged branch", "this has one value an entry")
        return value.rows

    def _places(self, step: Instruction, value: Value) -> Array:
        """Return whole numbers or NaN."""
        places = np.asarray(value.data)
        if places.dtype.kind == "b":
            places = places.astype(np.int64)
        if places.dtype.kind == "f" and not np.all(np.isnan(places) | (places == np.rint(places))):
            raise self._error(
                step, "a place in a row is a whole number", "n // 2 is whole, n / 2 is not"
            )
        return places

    def _condition(self, step: Instruction, value: Value) -> Array:
        """Return what keeps values: conditions, and flags of 0 and 1; those that are missing do not."""
        flags = np.asarray(value.data)
        if flags.dtype.kind == "b":
            return np.broadcast_to(flags, (int(value.lengths.sum()),))
        if not np.all((flags == 0) | (flags == 1) | np.isnan(flags)):
            raise self._error(
                step,
                "a row in [ ] must be a condition",
                "take(Jet_pt, places) takes what lies at places; x != 0 is a condition",
            )
        return np.asarray(flags == 1)

    def _refuse_flat_condition(self, step: Instruction, index: Value) -> None:
        if index.kind == "b":
            raise self._error(
                step,
                "the condition has one value an entry, so it keeps all of a row or nothing",
                "that is a flat_cut; or write where(condition, Jet_pt, 0)",
            )

    # Value by value -----------------------------------------------------------------------------
    def _elementwise(
        self, step: Instruction, function: Callable[..., Any], inputs: list[Value]
    ) -> Value:
        """Apply `function` entry by entry, repeating flat values along the rows of jagged ones."""
        if all(value.offsets is None for value in inputs):
            return Value(data=_computed(function, [value.data for value in inputs]))
        lead = self._lead(step, inputs)
        arguments = [value.along(lead.offsets) for value in inputs]
        return Value(data=function(*arguments), offsets=lead.offsets, origin=lead.origin)

    def _lead(self, step: Instruction, inputs: list[Value]) -> Value:
        """Return the first input with rows; the others' have the same lengths."""
        jagged = [value for value in inputs if value.offsets is not None]
        for other in jagged[1:]:
            self._refuse_other_lengths(step, jagged[0], other)
        return jagged[0]

    def _refuse_other_lengths(self, step: Instruction, lead: Value, other: Value) -> None:
        if lead.offsets is other.offsets or np.array_equal(lead.lengths, other.lengths):
            return
        raise self._error(
            step,
            f"{lead.origin!r} and {other.origin!r} have rows of different lengths",
            _DISTANCES if step.value == "deltaR" else _ONE_COLLECTION,
            other.origin,
        )

    def _refuse_places_of_others(self, step: Instruction, rows: Value, index: Value) -> None:
        """Places are those of rows of the same lengths: `argmax(x)` says nothing of `y[y > 1]`."""
        if index.places_in is None or np.array_equal(rows.lengths, np.diff(index.places_in)):
            return
        raise self._error(
            step,
            f"these are places in rows of other lengths than those of {rows.origin!r}",
            "choose on both sides: x[x > 1][argmax(y[x > 1])]",
        )

    def _refuse_unless_compared(self, step: Instruction, inputs: list[Value]) -> None:
        """Texts can be compared with each other, and nothing else."""
        equality = step.kind == "chain" and set(step.value) <= {"==", "!="}  # type: ignore[arg-type]
        if not equality or any(value.kind != "U" for value in inputs):
            raise self._error(
                step, "text can only be compared with text", 'by == or !=: HLT == "Mu50"'
            )

    def _refuse_floats(self, step: Instruction, inputs: list[Value]) -> None:
        if any(value.kind == "f" for value in inputs):
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


def _computed(function: Callable[..., Any], arguments: list[Any]) -> Any:
    """Apply to arrays; numbers alone go through NumPy too (1/0 is inf) and stay numbers."""
    if any(np.ndim(argument) for argument in arguments):
        return function(*arguments)
    return np.asarray(function(*map(np.asarray, arguments))).item()
