"""Label, weight and part of entries of one file, as the request says."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import ENTRY, Array, Columns, Jagged
from mlaas4hep.core.data.planning.parts import Parts, parts_of_values
from mlaas4hep.core.data.weights import WeightSum, summed, summed_by_label
from mlaas4hep.core.formulas.named import entry_expression
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import Params, Request
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import PermanentError


def labels_of(labels: Labels, file: int, columns: Columns) -> NDArray[np.float32]:
    """Return the label of each of these entries of a file, and what else the loss sees.

    Returns:
        Shape (n,), or (n, columns) if there are several.

    Raises:
        PermanentError: one is not a number.
    """
    texts = (*labels.expressions, *labels.beside)
    found = [_numbers_of(text, columns) for text in texts]
    if not labels.expression:
        found.insert(0, np.full(columns.entries, labels.values[file], np.float32))
    return np.stack(found, axis=1) if len(found) > 1 else found[0]


def _numbers_of(text: str, columns: Columns) -> NDArray[np.float32]:
    values = entry_expression(text, columns.names).evaluate(columns)
    message = f"the label {text!r} is not a number in every entry"
    hint = "cut away entries without a label in preproc.json"
    if isinstance(values, Jagged):
        raise PermanentError(message, branch=text, hint=hint)
    with np.errstate(over="ignore"):  # told below
        numbers = values.astype(np.float32)
    bad = ~np.isfinite(numbers)
    if bad.any():
        raise PermanentError(message + _first(bad, values, columns), branch=text, hint=hint)
    return numbers


def _first(bad: NDArray[np.bool_], values: Array, columns: Columns) -> str:
    """Return what the first bad value is, and in which entry, if entries know their numbers."""
    row = int(np.argmax(bad))
    at = columns.flat.get(ENTRY)
    return "" if at is None else f": it is {values[row]:g} in entry {at[row]}"


def weights_of(params: Params, number: float, columns: Columns) -> Array:
    """Return the weight of each of these entries, before any normalisation; it may be NaN.

    Args:
        params: of the request.
        number: of the file.
        columns: entries with the branches that the weight needs.
    """
    text = params.weighting.expression
    if not text:
        return np.full(columns.entries, number, np.float64)
    values = entry_expression(text, columns.names).evaluate(columns)
    assert not isinstance(values, Jagged)  # noqa: S101 - `choose` refuses rows
    return values.astype(np.float64) * number


def finite_weights_of(params: Params, number: float, columns: Columns) -> Array:
    """Return the weights, all of them numbers.

    Raises:
        PermanentError: one is not.
    """
    weights = weights_of(params, number, columns)
    bad = ~np.isfinite(weights)
    if bad.any():
        first = _first(bad, weights, columns)
        raise not_numbers(params.weighting.expression, int(np.count_nonzero(bad)), first)
    return weights


def not_numbers(weight: str, entries: int, first: str = "") -> PermanentError:
    """Return the error that tells how many weights are no numbers, and of a `first` one."""
    return PermanentError(
        f"the weight {weight!r} is NaN or infinite in {entries} entries{first}",
        branch=weight,
        hint="cut away entries without a weight in preproc.json, or choose another weight",
    )


def parts_of(params: Params, part_by: str, columns: Columns) -> Parts:
    """Return the part of each of these entries: whether it validates, or its fold.

    Raises:
        PermanentError: the expression is not a (whole) number in every entry.
    """
    values = entry_expression(part_by, columns.names).evaluate(columns)
    message = f"{part_by!r}, which splits the entries, is not a number in every entry"
    if isinstance(values, Jagged):
        raise PermanentError(message, branch=part_by)
    bad = ~np.isfinite(values)
    if bad.any():
        raise PermanentError(message + _first(bad, values, columns), branch=part_by)
    broken = values != np.floor(values)
    if params.splitting.folds and broken.any():
        raise PermanentError(
            f"fold_by {part_by!r} is not a whole number in every entry"
            + _first(broken, values, columns),
            branch=part_by,
            hint="the number of the event, or floor(…) of something",
        )
    return parts_of_values(params.splitting, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weigher:
    """Sums up the weights of one file while its specs are measured."""

    request: Request
    file: int

    def sums(self, block: Columns, kept: Columns, preproc: Preproc) -> tuple[WeightSum, ...]:
        """Return the sums of all entries of a block, and of those that are kept, by label.

        `file` is 0 in them, as in the specs of a range.
        """
        params, number = self.request.params, self.request.files[self.file].weight
        labels = self.request.labels
        classes = labels.columns.only_labels(labels_of(labels, self.file, kept))
        if classes.ndim > 1:  # nobody asks for the sum of a class
            classes = np.zeros(kept.entries, np.float32)
        passing = summed_by_label(weights_of(params, number, kept), classes, file=0)
        if params.weighting.norm == "none":
            return tuple(passing)
        every = weights_of(params, number, preproc.with_new_branches(block))
        return (summed(every, file=0, label=None), *passing)
