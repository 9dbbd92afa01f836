"""The trial of an estimator on a few entries that are none, so that what it refuses shows at once."""

import copy
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.native.sklearn import scores
from mlaas4hep.adapters.trainers import categories, tabular, trees
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.sklearn.estimators import innermost, is_search, parts
from mlaas4hep.adapters.trainers.sklearn.refusals import raised_by, said
from mlaas4hep.core.models.training import TrainingJob

_MOST_ROWS = 2000
_MORE_ROWS = (
    4096  #: for what does not learn fewer, as clusters and samples of a number of their own
)
#: Enough to see it work; of neighbours a fold of the trial may not have more.
_FEW = {"n_estimators": 2, "max_iter": 5, "n_neighbors": 5, "n_jobs": None, "verbose": 0}
_LIBRARIES = ("sklearn", "xgboost", "lightgbm")


def check_by_trying(estimator: Any, job: TrainingJob, *, classifies: bool) -> None:
    """Let a copy of the estimator learn a few entries, with few trees and iterations.

    A class of somebody's own is not tried: its `fit` may do anything, and take any time.

    Raises:
        TrainingError: it refuses its arguments, these columns, or so many classes.
    """
    every = [*parts(estimator)]  # none of what is no estimator of scikit-learn's kind
    if not every or not all(type(each).__module__.startswith(_LIBRARIES) for each in every):
        return
    tried = copy.deepcopy(estimator.estimator if is_search(estimator) else estimator)
    for each in parts(tried):
        own = each.get_params(deep=False)
        each.set_params(
            **{name: _fewer(own[name], few) for name, few in _FEW.items() if name in own}
        )
    chance = np.random.get_state()  # noqa: NPY002 - what scikit-learn draws from
    few = int(np.clip(2 * job.columns, trees.TRIED, _MOST_ROWS))
    try:
        refusal = _refusal(tried, job, few, classifies=classifies)
        if refusal and (error := _refusal(tried, job, _MORE_ROWS, classifies=classifies)):
            part = raised_by(error) or innermost(estimator)
            raise TrainingError(
                f"{MODEL_FILE}: {type(part).__name__} does not learn {job.columns} columns"
                f"{_classes(job) if classifies else ''}: {said(error)}",
                "the dry run lists the columns in their order; scikit-learn's pages say what it takes",
            ) from error
    finally:
        np.random.set_state(chance)  # noqa: NPY002 - as above
    if classifies and not job.label_columns.names:
        _check_width(tried, job)


def _refusal(tried: Any, job: TrainingJob, rows: int, *, classifies: bool) -> Exception | None:
    """Return what is raised where it learns this many entries; None: it learns them."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tried.fit(*_entries(job, rows, classifies=classifies))
    except Exception as error:  # noqa: BLE001 - it is told
        return error
    return None


def _check_width(tried: Any, job: TrainingJob) -> None:
    """Refuse scores that are not one for each class, as those of a mixture of other components."""
    rows = np.random.default_rng(1).random((trees.TRIED, job.columns), dtype=np.float32)
    try:
        width = scores(tried, rows).shape[1]
    except Exception:  # noqa: BLE001 - whatever it is, it is about these rows: real ones are others
        return
    classes = tabular.known_classes(job)
    if width != (classes if classes > 2 else 1):  # noqa: PLR2004 - two are told by one number
        raise TrainingError(
            f"{MODEL_FILE}: {type(innermost(tried)).__name__} gives {width} number(s) for an entry, and"
            f" there are {classes} classes",
            "return a classifier that learns labels",
        )


def _fewer(given: Any, few: int | None) -> Any:
    """Return what is tried in the place of an argument: -1, for example, means no limit."""
    if few is None or not isinstance(given, int):
        return None if few is None else given
    return min(given, few) if given >= 0 else few


def _entries(
    job: TrainingJob, count: int, *, classifies: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return rows and labels that have to do with each other, so that choices among columns find some."""
    rows = categories.tried_rows(count, job)
    value = rows[:, : max(1, job.columns // 2)].mean(axis=1)
    labels = value
    if classifies:
        classes = 2 if job.label_columns.names else tabular.known_classes(job)
        bounds = np.quantile(value, np.arange(1, classes) / classes)
        labels = np.digitize(value, bounds)
    names = job.label_columns.names
    return rows, np.stack([labels] * len(names), axis=1) if names else labels


def _classes(job: TrainingJob) -> str:
    return "" if job.label_columns.names else f" and {tabular.known_classes(job)} classes"
