"""Which of several models answers for an entry: the one that never learned from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.data.planning.parts import folds_of
from mlaas4hep.core.data.planning.splitting import MOST_FOLDS
from mlaas4hep.errors import InvalidRequestError

FEED = (
    "fold of the row"  #: what several models take besides their inputs, none of which is called so
)

Folds = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folding:
    """How the fold of an entry is found; part of a model's contract."""

    folds: int
    by: str  #: an expression of whole numbers; the fold is the rest of its division by `folds`
    reads: tuple[str, ...]  #: branches in it, old and new ones

    def __post_init__(self) -> None:
        if not 1 < self.folds <= MOST_FOLDS:
            raise InvalidRequestError(f"{self.folds} folds are not from 2 to {MOST_FOLDS}")

    def of(self, columns: Columns) -> Folds:
        """Return the fold of each entry.

        Args:
            columns: entries with `reads`.

        Raises:
            InvalidRequestError: the expression is not a whole number in every entry.
        """
        from mlaas4hep.core.formulas.named import entry_expression  # noqa: PLC0415 - few models

        values = entry_expression(self.by, columns.names).evaluate(columns)
        if isinstance(values, Jagged) or values.dtype.kind not in "iufb":
            raise self._refusal()
        if values.dtype.kind == "f" and not (
            np.isfinite(values).all() and (values == np.floor(values)).all()
        ):
            raise self._refusal()
        return folds_of(values, self.folds).astype(np.int32)

    def _refusal(self) -> InvalidRequestError:
        return InvalidRequestError(
            f"{self.by!r} is not a whole number in every entry: it says which of {self.folds} "
            "models has not learned from the entry",
            branch=self.reads[0] if self.reads else self.by,
        )


def folder(fold: int) -> str:
    """Return the folder of a bundle that holds the model of a fold."""
    return f"fold{fold}"


def alike(file: str, fold: int) -> str:
    """Return the file of another fold that is what `file` is in its own."""
    return f"{folder(fold)}/{file.partition('/')[2]}"


def common(files: tuple[str, ...], folds: int) -> tuple[str, ...]:
    """Return those files of the first fold that all folds have."""
    there = set(files)
    return tuple(
        file
        for file in files
        if file.startswith(f"{folder(0)}/")
        and all(alike(file, fold) in there for fold in range(folds))
    )
