"""What a model gives for an entry: rows of numbers, one or several, by name or in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.core.requests.labelcolumns import LabelColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """The outputs of a model in order."""

    names: tuple[str, ...]
    widths: tuple[int, ...]
    keys: tuple[Any, ...] | None = None  #: of a dict of outputs
    in_list: bool = False  #: a list, even if it holds one

    @property
    def is_plain(self) -> bool:
        """Tell whether the model gives one tensor."""
        return self.keys is None and not self.in_list

    @property
    def shapes(self) -> tuple[tuple[str, int], ...]:
        """Return name and width of each of several outputs; () if there is one."""
        if len(self.names) == 1:
            return ()
        return tuple(zip(self.names, self.widths, strict=True))

    def formed(self, parts: Sequence[Any]) -> Any:
        """Return one part for each output in the form in which the model gives its outputs."""
        if self.keys is not None:
            return dict(zip(self.keys, parts, strict=True))
        return [*parts] if self.in_list else parts[0]

    def parts(self, given: Any) -> list[Any]:
        """Return what a model gave, output by output."""
        if self.keys is not None:
            return [given[key] for key in self.keys]
        return [*given] if self.in_list else [given]


def refuse_ones() -> NoReturn:
    """Say that an output is 1 for every entry.

    Raises:
        TrainingError: always.
    """
    raise TrainingError(
        f"{MODEL_FILE}: softmax over one number is 1 for every entry, whatever is learned",
        "for two classes sigmoid over one number, for three softmax over three",
    )


def shares(outputs: Outputs, columns: LabelColumns) -> list[tuple[int, int]]:
    """Return the first label column of each output, and how many there are for it.

    Raises:
        TrainingError: outputs and labels do not fit together.
    """
    names = outputs.names
    if len(names) == 1 and len(columns.outputs) < 2:  # noqa: PLR2004 - labels of one output
        return [(0, columns.labels)]
    if not columns.outputs and columns.labels == len(names):
        return [(place, 1) for place in range(len(names))]
    said = dict(columns.outputs)
    if set(said) != set(names):
        labels = ", ".join(said) or f"{columns.labels} column(s) without outputs"
        raise TrainingError(
            f"{MODEL_FILE}: the model has the outputs {', '.join(names)}, and labels are for {labels}",
            f'"labels": {{"{names[0]}": "BRANCH", …}} in params.json, with each output of the model',
        )
    starts = dict(zip(said, np.cumsum([0, *said.values()])[:-1].tolist(), strict=True))
    return [(starts[name], said[name]) for name in names]
