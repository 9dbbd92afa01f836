"""What a model answers for an entry: the numbers of one output, or of all that a contract knows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mlaas4hep.core.data.columns import Array

if TYPE_CHECKING:  # what was uploaded has none
    from mlaas4hep.core.models.bundle.contract import Contract

_CALL = "StatefulPartitionedCall"  #: what TensorFlow calls the node that answers in a SavedModel


def answering(outputs: Sequence[tuple[str, str]], node: str) -> str:
    """Return the name of the output that rows and entries are answered with; "": nobody said which.

    It is the only output; the one that params.json names; or the only one of floating-point
    numbers, since converted classifiers give labels beside them.

    Args:
        outputs: name and NumPy type of each, in the order of their names if TensorFlow made them.
        node: which params.json names as output_name or outputNode; "": none.
    """
    names = [name for name, _ in outputs]
    if len(names) == 1:
        return names[0]
    if node:
        return named_so(names, node)
    floats = [name for name, dtype in outputs if dtype.startswith("float")]
    return floats[0] if len(floats) == 1 else ""


def named_so(names: Sequence[str], node: str) -> str:
    """Return the output that `node` means; "": none.

    It is `name`, `name:0`, or as TensorFlow counts those of a SavedModel, where
    `StatefulPartitionedCall:1` is the second.
    """
    if node in names:
        return node
    base, _, place = node.partition(":")
    index = int(place) if place.isdecimal() else 0 if not place else len(names)
    if base in names and index == 0:
        return base
    return names[index] if base == _CALL and index < len(names) else ""


def answer_of(outputs: Mapping[str, Array], output: str, contract: "Contract | None") -> Array:
    """Return the output that rows and entries are answered with.

    Args:
        outputs: of a runtime, by name.
        output: the name that `answering` gives.
        contract: of the model; one that was trained here with several outputs answers with all
            of them behind each other.
    """
    names = [name for name, _ in contract.outputs] if contract else []
    if not names:
        return outputs[output]
    return np.concatenate([outputs[name] for name in names], axis=1)


def by_output(row: Sequence[float], contract: "Contract") -> dict[str, float | list[float]]:
    """Return a row of numbers by the output that gave them."""
    found: dict[str, float | list[float]] = {}
    start = 0
    for name, width in contract.outputs:
        values = [float(each) for each in row[start : start + width]]
        found[name] = values[0] if width == 1 else values
        start += width
    return found
