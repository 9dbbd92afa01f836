"""What a model gives for an entry: rows of numbers, one or several, by name or in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError


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


def outputs_of(made: Any, columns: int) -> Outputs:
    """Return what a model gives for rows of `columns` numbers.

    Raises:
        TrainingError: it gives something else than rows of numbers.
    """
    given = made(np.zeros((1, columns), np.float32))
    keys = tuple(given) if isinstance(given, Mapping) else None
    in_list = isinstance(given, list | tuple)
    parts = [*given.values()] if isinstance(given, Mapping) else [*given] if in_list else [given]
    names = tuple(map(str, keys)) if keys is not None else _names(made, len(parts))
    widths = tuple(_width(each, len(parts)) for each in parts)
    if not parts:
        raise TrainingError(f"{MODEL_FILE}: the model gives nothing", "end with Dense(1)")
    return Outputs(names=names, widths=widths, keys=keys, in_list=in_list)


def _names(made: Any, count: int) -> tuple[str, ...]:
    """Return what Keras calls the outputs in a list."""
    known = tuple(getattr(made, "output_names", None) or ())
    return known if len(known) == count else tuple(f"output_{place}" for place in range(count))


def _width(given: Any, outputs: int) -> int:
    shape = tuple(getattr(given, "shape", ()))
    if len(shape) != 2:  # noqa: PLR2004 - (batch, outputs)
        found = f"shape {shape[1:]}" if shape else f"a {type(given).__name__}"
        where = " in one of its outputs" if outputs > 1 else ""
        raise TrainingError(
            f"{MODEL_FILE}: the model gives {found} for an entry{where}, not a row of numbers",
            "end with one layer such as Dense(1)",
        )
    return int(shape[-1])
