"""`RowWay`: what one plain row needs to know of a model, found once when the model is loaded.

A row that comes alone waits for every step that looks something up, and code that runs once in a
request is rarely in the processor's caches. Most models take rows of numbers and give rows of
numbers; of these all is known beforehand.
"""

from dataclasses import dataclass, field
from typing import Any

from mlaas4hep.core.data.columns import Array
from mlaas4hep.ports import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class RowWay:
    """The way of a row through a model with one input and one output, both of rows of float32."""

    runtime: Runtime
    input: str
    width: int  #: of the rows that it takes
    output: str
    numbers: int  #: that it gives for a row
    classes: tuple[str, ...]  #: what each number is for; (): nobody knows
    told: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    #: what is the same in all answers, by the name of their kind

    def outputs(self, row: Array) -> dict[str, Array] | None:
        """Return the output for a row of shape (1, width) by its name; None: it is not as it said.

        Raises:
            InvalidRequestError: the model refuses it.
        """
        found = self.runtime.run({self.input: row})
        return found if found[self.output].shape == (1, self.numbers) else None
