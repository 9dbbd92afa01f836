"""Columns of categories, as trees use them: those that params.json says, or that model.py names of them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mlaas4hep.adapters.trainers import tabular
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.nearest import nearest

_HINT = '"scaling": {{"{name}": "category"}} in params.json numbers its values 0, 1, 2 …'


def columns_named(named: Any, argument: str, job: TrainingJob) -> tuple[int, ...]:
    """Return the numbers of the columns that an argument of model.py calls categories.

    Args:
        named: numbers, names, or True for each column that is meant; or a text of LightGBM, such
            as "name:charge,process" or "0,3".
        argument: its name.
        job: says which columns hold categories.

    Raises:
        TrainingError: there is no such column, or it holds none.
    """
    given = _listed(named)
    if given and all(isinstance(each, bool | np.bool_) for each in given):
        given = [number for number, is_meant in enumerate(given) if is_meant]
    names = tabular.column_names(job)
    columns = tuple(_number(each, argument, names, job) for each in given)
    wrong = next((number for number in columns if number not in job.categories), None)
    if wrong is not None:
        name = (job.names or names)[wrong]
        raise TrainingError(
            f"{MODEL_FILE}: {argument} names {name!r}, which is scaled as numbers are",
            _HINT.format(name=name),
        )
    return columns


def _listed(named: Any) -> list[Any]:
    if not isinstance(named, str):
        return list(np.ravel(np.asarray(named, dtype=object)))
    parts = named.removeprefix("name:").split(",")
    return parts if named.startswith("name:") else [int(x) if x.isdecimal() else x for x in parts]


def _number(named: Any, argument: str, plain: Sequence[str], job: TrainingJob) -> int:
    for names in (job.names, plain):
        if named in names:
            return list(names).index(named)
    is_number = isinstance(named, int | np.integer)
    if is_number and -len(plain) <= named < len(plain):
        return int(named) % len(plain)
    what = f"column {named}" if is_number else f"the column {named!r}"
    raise TrainingError(
        f"{MODEL_FILE}: {argument} names {what}, and there is none",
        nearest(str(named), plain) or f"columns are {', '.join(plain)}",
    )


def check_codes(rows: Floats, columns: Iterable[int], job: TrainingJob) -> None:
    """Refuse entries whose categories are no whole numbers: trees would cut the rest off.

    Raises:
        TrainingError: names the column and a value.
    """
    for column in columns:
        values = rows[:, column]
        wrong = values[np.isfinite(values) & (values != np.rint(values))]
        if wrong.size:
            raise TrainingError(
                f"the category {tabular.column_names(job)[column]!r} has values that are no whole"
                f" numbers: {wrong[0]:g} above its lowest",
                "scale it as numbers are, or round it in preproc.json",
            )


def tried_rows(count: int, job: TrainingJob) -> Floats:
    """Return rows by chance to try an estimator with: numbers from 0 to 1, and three categories."""
    rows = np.random.default_rng(0).random((count, job.columns), dtype=np.float32)
    held = list(job.categories)
    rows[:, held] = np.floor(3 * rows[:, held])
    return rows
