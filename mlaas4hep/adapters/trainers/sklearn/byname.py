"""Columns that arguments name: rows of numbers have none, so they are counted."""

import re
from collections.abc import Sequence
from typing import Any

from sklearn.compose import ColumnTransformer, make_column_selector

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.sklearn.estimators import parts
from mlaas4hep.core.nearest import nearest


def count_columns(estimator: Any, names: Sequence[str]) -> None:
    """Put numbers in the place of names, in all that an estimator is made of.

    Raises:
        TrainingError: there is no column of a name.
    """
    for each in parts(estimator):
        if isinstance(each, ColumnTransformer):
            each.transformers = [
                (name, transformer, _counted(columns, names))
                for name, transformer, columns in each.transformers
            ]
        directions = getattr(each, "monotonic_cst", None)
        if isinstance(directions, dict):
            for name in directions:
                _number(name, names, "monotonic_cst")
            each.monotonic_cst = [directions.get(name, 0) for name in names]


def _counted(columns: Any, names: Sequence[str]) -> Any:
    if isinstance(columns, str):
        return _number(columns, names)
    if isinstance(columns, slice) and isinstance(columns.start or columns.stop, str):
        return _between(columns, names)
    if isinstance(columns, make_column_selector):
        return _matching(columns, names)
    if isinstance(columns, list | tuple) and any(isinstance(each, str) for each in columns):
        return [_number(each, names) if isinstance(each, str) else each for each in columns]
    return columns


def _between(columns: slice, names: Sequence[str]) -> slice:
    """Return the numbers of a slice by names, both of which belong to it."""
    start = None if columns.start is None else _number(columns.start, names)
    stop = None if columns.stop is None else _number(columns.stop, names) + 1
    return slice(start, stop, columns.step)


def _matching(selector: Any, names: Sequence[str]) -> Any:
    """Return the numbers of the columns whose names a selector takes; left as it is, it goes by types."""
    if selector.dtype_include is not None or selector.dtype_exclude is not None:
        return selector
    return [number for number, name in enumerate(names) if re.search(selector.pattern or "", name)]


def _number(name: str, names: Sequence[str], where: str = "ColumnTransformer") -> int:
    if name not in names:
        raise TrainingError(
            f"{MODEL_FILE}: {where} names the column {name!r}, and there is none",
            nearest(name, names) or "the dry run lists the columns",
        )
    return names.index(name)
