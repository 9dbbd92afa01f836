"""Columns that arguments name: rows of numbers have none, so they are counted."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer, make_column_selector

from mlaas4hep.adapters.trainers import categories
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.sklearn.estimators import parts
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.nearest import nearest

_BY_TYPE = ("", "auto", "from_dtype")  #: none are named, and rows of numbers have no types
_KINDS = "feature_types"  #: of XGBoost: a letter for each column


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


def count_categories(estimator: Any, job: TrainingJob) -> None:
    """Put numbers in the place of names of columns that hold categories.

    Raises:
        TrainingError: a column holds none, or steps before it make other columns.
    """
    steps = [step for _, step in getattr(estimator, "steps", ())]
    before = next((step for step in steps[:-1] if step not in (None, "passthrough")), None)
    for each in parts(estimator):
        for argument, named in _categories_of(each):
            if before is not None:
                raise TrainingError(
                    f"{MODEL_FILE}: {argument} names columns that {type(before).__name__} makes anew",
                    f"leave {argument} away, or the steps before {type(each).__name__}",
                )
            columns = categories.columns_named(named, argument, job)
            if argument != _KINDS:
                each.set_params(**{argument: list(columns)})


def _categories_of(estimator: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arguments that name categories, with the columns that they name."""
    given = estimator.get_params(deep=False)
    for argument in ("categorical_features", "categorical_feature", _KINDS):
        named = given.get(argument)
        if argument == _KINDS and named is not None:
            named = [number for number, kind in enumerate(named) if kind == "c"]
        if (
            named is not None
            and not (isinstance(named, str) and named in _BY_TYPE)
            and np.size(named)
        ):
            yield argument, named


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
