"""What a model answers for an entry: the numbers of its first output, or of all that a contract knows."""

from collections.abc import Mapping, Sequence

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.models.contract import Contract


def answer_of(
    outputs: Mapping[str, Array], order: Sequence[str], contract: Contract | None
) -> Array:
    """Return the output that rows and entries are answered with.

    Args:
        outputs: of a runtime, by name.
        order: of the outputs, as the runtime lists them.
        contract: of the model; one that was trained here with several outputs answers with all
            of them behind each other.
    """
    names = [name for name, _ in contract.outputs] if contract else []
    if not names:
        return outputs[order[0]]
    return np.concatenate([outputs[name] for name in names], axis=1)


def by_output(row: Sequence[float], contract: Contract) -> dict[str, float | list[float]]:
    """Return a row of numbers by the output that gave them."""
    found: dict[str, float | list[float]] = {}
    start = 0
    for name, width in contract.outputs:
        values = [float(each) for each in row[start : start + width]]
        found[name] = values[0] if width == 1 else values
        start += width
    return found
