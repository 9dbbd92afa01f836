"""Whether a LiteRT graph is bounded: what one row costs follows from the graph, and is little.

Only such a model may run inside our own process, where nothing could stop it. The proof looks at
the graph before anything of it is allocated: every operator is on a list of those whose work is
known from the sizes that go in, and the sizes are followed from the inputs to the outputs. A loop,
a branch, a custom operator, or a size that depends on a value is on no list.

Sizes are counted in elements for one row (`Size.rows`) or in all (`Size.fixed`, of constants and
what is made of them). Where the exact shape is lost (after a RESHAPE, say) the number of elements
still holds, and what needs the shape is not proven any more.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_COST = 2_000_000  #: elementary operations for a row: about 200 µs
MAX_BYTES = 1024**2  #: of memory for a row
MAX_FILE_BYTES = 16 * 1024**2
_MAX_OPERATORS = 500
_ELEMENT_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a row of a bounded model takes, at most."""

    cost: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a tensor is."""

    elements: int  #: for one row; of all if `is_fixed`
    shape: tuple[int, ...] | None = None  #: of a row (of all if `is_fixed`); None: not known
    is_fixed: bool = False  #: the same for any number of rows


class UnprovenError(Exception):
    """A graph, or a step of it, is not shown to be bounded."""


Rule = Callable[[Sequence[Size]], tuple[Size, int]]  #: what goes in → what comes out, and its cost


def bounds(interpreter: Any, file_bytes: int) -> Bounds | None:
    """Return what a row takes; None if it cannot be shown to be bounded.

    Args:
        interpreter: one that has allocated nothing yet.
        file_bytes: the size of the model's file.
    """
    operators = interpreter._get_ops_details()  # noqa: SLF001 - the only way to see the graph
    signatures = interpreter.get_signature_list()
    if file_bytes > MAX_FILE_BYTES or len(operators) > _MAX_OPERATORS or len(signatures) > 1:
        return None
    try:
        return _followed(interpreter, operators, file_bytes)
    except UnprovenError:
        return None


def _followed(interpreter: Any, operators: Sequence[Mapping[str, Any]], most: int) -> Bounds:
    tensors = {int(each["index"]): each for each in interpreter.get_tensor_details()}
    inputs = {int(each["index"]) for each in interpreter.get_input_details()}
    made = {int(index) for each in operators for index in each["outputs"]}
    sizes = {index: _input(tensors[index]) for index in inputs}
    for index in tensors.keys() - inputs - made:
        sizes[index] = _constant(tensors[index])
    if sum(each.elements for each in sizes.values() if each.is_fixed) > most:
        raise UnprovenError  # what is not in the file would be made
    cost = 0
    for each in operators:
        rule = _RULES.get(each["op_name"])
        outputs = [int(index) for index in each["outputs"]]
        if rule is None or len(outputs) != 1:
            raise UnprovenError
        given = [sizes[int(index)] for index in each["inputs"] if int(index) >= 0]
        sizes[outputs[0]], more = rule(given)
        cost += more
    for index in made:
        if _declared(tensors[index]) > sizes[index].elements:
            raise UnprovenError  # it would be allocated before any row comes
    size_bytes = _ELEMENT_BYTES * sum(sizes[index].elements for index in (*inputs, *made))
    if cost > MAX_COST or size_bytes > MAX_BYTES:
        raise UnprovenError
    return Bounds(cost=cost, size_bytes=size_bytes)


def _input(detail: Mapping[str, Any]) -> Size:
    shape = [int(size) for size in detail["shape_signature"]]
    if not shape or shape[0] not in (-1, 1) or any(size < 1 for size in shape[1:]):
        raise UnprovenError
    return Size(elements=math.prod(shape[1:]), shape=tuple(shape[1:]))


def _constant(detail: Mapping[str, Any]) -> Size:
    shape = tuple(int(size) for size in detail["shape"])
    return Size(elements=math.prod(shape), shape=shape, is_fixed=True)


def _declared(detail: Mapping[str, Any]) -> int:
    """Return how many elements the file says that a tensor has, for one row."""
    return math.prod(max(1, int(size)) for size in detail["shape"])


def _each(weight: int) -> Rule:
    """Return the rule of what does the same to each element."""

    def rule(given: Sequence[Size]) -> tuple[Size, int]:
        return given[0], given[0].elements * weight

    return rule


def _rearranged(given: Sequence[Size]) -> tuple[Size, int]:
    """Give the same elements, or fewer, in a shape that we do not know."""
    first = given[0]
    return Size(elements=first.elements, is_fixed=first.is_fixed), first.elements


def _shape(_given: Sequence[Size]) -> tuple[Size, int]:
    return Size(elements=8, is_fixed=True), 8


def _joined(given: Sequence[Size]) -> tuple[Size, int]:
    elements = sum(each.elements for each in given)
    return Size(elements=elements, is_fixed=all(each.is_fixed for each in given)), elements


def _pairwise(given: Sequence[Size]) -> tuple[Size, int]:
    """Give what broadcasting two tensors against each other gives."""
    first, second = given
    if first.shape is not None and first == second:
        return first, first.elements
    if not first.is_fixed and not second.is_fixed:
        raise UnprovenError  # rows against rows of another shape: it could grow as their square
    rows, fixed = (second, first) if first.is_fixed else (first, second)
    if fixed.shape in ((), (1,)):
        return rows, rows.elements
    if rows.shape is not None and fixed.shape is not None and _broadcasts(rows, fixed.shape):
        return rows, rows.elements
    size = Size(elements=rows.elements * fixed.elements, is_fixed=rows.is_fixed)
    return size, size.elements


def _broadcasts(rows: Size, fixed: tuple[int, ...]) -> bool:
    """Tell whether a constant fits into rows without making them larger."""
    whole = rows.shape or ()
    whole = whole if rows.is_fixed else (1, *whole)
    if len(fixed) > len(whole):
        return False
    ends = whole[len(whole) - len(fixed) :]
    return all(size in (1, end) for size, end in zip(fixed, ends, strict=True))


def _dense(given: Sequence[Size]) -> tuple[Size, int]:
    rows, weights = given[0], given[1]
    if rows.is_fixed or not weights.is_fixed or len(weights.shape or ()) != 2:  # noqa: PLR2004
        raise UnprovenError
    outputs, inputs = weights.shape or (1, 1)
    if inputs < 1 or rows.elements % inputs:
        raise UnprovenError
    shape = (*rows.shape[:-1], outputs) if rows.shape and rows.shape[-1] == inputs else None
    elements = rows.elements // inputs * outputs
    return Size(elements=elements, shape=shape), elements * inputs


def _convolved(given: Sequence[Size]) -> tuple[Size, int]:
    """Give at most one output for each place, whatever strides and padding are."""
    rows, filters = given[0], given[1]
    if rows.is_fixed or not filters.is_fixed or len(filters.shape or ()) != 4:  # noqa: PLR2004
        raise UnprovenError
    outputs, height, width, channels = filters.shape or (1, 1, 1, 1)
    if channels < 1 or rows.elements % channels:
        raise UnprovenError
    elements = rows.elements // channels * outputs
    return Size(elements=elements), elements * height * width * channels


_LIGHT = (
    "ABS CAST CEIL DEQUANTIZE FLOOR LEAKY_RELU NEG QUANTIZE RELU RELU6 RELU_N1_TO_1 ROUND SQUARE"
)
_HEAVY = (
    "COS ELU EXP GELU HARD_SWISH L2_NORMALIZATION LOG LOGISTIC LOG_SOFTMAX RSQRT SIN SOFTMAX SQRT "
    "TANH"
)
_PAIRS = "ADD DIV MAXIMUM MINIMUM MUL POW PRELU SQUARED_DIFFERENCE SUB"
_MOVED = "EXPAND_DIMS RESHAPE SQUEEZE STRIDED_SLICE SLICE TRANSPOSE"
_REDUCED = "MEAN REDUCE_MAX REDUCE_MIN SUM"
_RULES: dict[str, Rule] = {
    **dict.fromkeys(_LIGHT.split(), _each(1)),
    **dict.fromkeys(_HEAVY.split(), _each(20)),
    **dict.fromkeys(_PAIRS.split(), _pairwise),
    **dict.fromkeys((*_MOVED.split(), *_REDUCED.split()), _rearranged),
    **dict.fromkeys(("CONCATENATION", "PACK"), _joined),
    "SHAPE": _shape,
    "FULLY_CONNECTED": _dense,
    "CONV_2D": _convolved,
}
