"""What gradient-boosted trees are told by model.py and what is not done here, in words."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers import tabular
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.core.models.training import TrainingJob

T = TypeVar("T")
TRIED = 256  #: rows that parameters are tried with, before any entry is read
_SHARE_OF_ENDS = 0.2  #: of the values of an entry that stands at the ends of some columns


def refuse_ranker(objective: str) -> NoReturn:
    """Say that there are no groups to rank in."""
    raise TrainingError(
        f"{MODEL_FILE}: objective {objective} ranks the entries of a group, and entries have none",
        "return a classifier or a regressor",
    )


def refuse_several(objective: str, of_two: str) -> NoReturn:
    """Say that an objective of several classes is not for two."""
    raise TrainingError(
        f"{MODEL_FILE}: objective {objective} is for more than two classes, and there are two",
        f"leave objective and num_class away, or objective={of_two!r}",
    )


def check_rounds(rounds: int) -> None:
    """Refuse a model without trees.

    Raises:
        TrainingError: there would be none.
    """
    if rounds < 1:
        raise TrainingError(
            f"{MODEL_FILE}: n_estimators={rounds} learns nothing", "n_estimators=100"
        )


def check_stops(patience: int, argument: str, job: TrainingJob, *, drops: bool) -> None:
    """Refuse early stopping where no entry validates, or where there is no way back.

    Args:
        patience: rounds; 0: it never stops early.
        argument: of model.py that says so.
        job: what the training is told.
        drops: each round changes the trees before it (DART).

    Raises:
        TrainingError: it would watch nothing, or give another model than it watched.
    """
    if patience and drops:
        raise TrainingError(
            f"{MODEL_FILE}: {argument} goes back to the best round, whose trees later rounds of DART"
            " have changed",
            f"leave {argument} away, or another booster than dart",
        )
    if patience and not job.params.validates:
        raise TrainingError(
            f"{MODEL_FILE}: {argument} watches entries that validate, and none do: split is 0",
            f'"split": 0.3 in params.json, or leave {argument} away',
        )


def unused_missing(argument: str) -> str:
    """Return that an argument about missing values has no effect on scaled columns."""
    return (
        f"{argument} of model.py has no effect: columns are scaled before they are learned, and what"
        ' is missing is NaN; "missing": [-999] in params.json names such values'
    )


def doubtful_missing(argument: str) -> str:
    """Return what an argument about missing values does on scaled columns."""
    return (
        f"{argument} of model.py is about scaled columns, where 0 is the smallest value of a branch;"
        ' "missing": [-999] in params.json names the values that mean "missing"'
    )


#: What labels of an objective must be, in words, and the test; both libraries' names for it.
_SHARES = ("0 to 1", lambda labels: (labels >= 0) & (labels <= 1))
_TWO = ("0 or 1", lambda labels: (labels == 0) | (labels == 1))
_COUNTS = ("0 or more", lambda labels: labels >= 0)
_POSITIVE = ("more than 0", lambda labels: labels > 0)
_DUE: dict[str, tuple[str, Callable[[Floats], NDArray[np.bool_]]]] = {
    **dict.fromkeys(("reg:logistic", "binary:logistic", "binary:logitraw"), _SHARES),
    **dict.fromkeys(("cross_entropy", "xentropy", "cross_entropy_lambda", "xentlambda"), _SHARES),
    **dict.fromkeys(("binary", "binary:hinge"), _TWO),
    **dict.fromkeys(("count:poisson", "poisson", "reg:tweedie", "tweedie"), _COUNTS),
    **dict.fromkeys(("reg:gamma", "gamma"), _POSITIVE),
    "reg:squaredlogerror": ("more than -1", lambda labels: labels > -1),
}


def check_values(objective: str, labels: Floats) -> None:
    """Refuse labels of a regressor that its objective cannot compare, or takes for others.

    Raises:
        TrainingError: names the first one.
    """
    due, fits = _DUE.get(objective, ("", np.isfinite))
    wrong = labels[~fits(labels)]
    if wrong.size:
        raise TrainingError(
            f"label {wrong[0]:g} does not fit objective {objective}: labels must be {due}",
            "another objective, or an expression for the label that gives such values",
        )


def with_ends(sample: Floats) -> Floats:
    """Return entries, and the same with 0, 1 and nothing here and there.

    What a converter makes of missing values and of the lowest one shows nowhere else, and hardly
    an entry of a sample may have them.
    """
    random = np.random.default_rng(0)
    others = sample.copy()
    ends = np.array([0, 1, np.nan], np.float32)[random.integers(0, 3, sample.shape)]
    np.copyto(others, ends, where=random.random(sample.shape) < _SHARE_OF_ENDS)
    return np.concatenate((sample, others))


def has_unknown_classes(job: TrainingJob) -> bool:
    """Tell whether only the entries say how many classes there are."""
    return not (job.labels or job.classes or job.label_columns.names)


def on_tried_labels(
    attempt: Callable[[Any], T], job: TrainingJob, *, classifies: bool, is_several: bool
) -> T:
    """Return what an attempt to learn such labels gives.

    Where only the entries tell how many classes there are, it must take two of them, or three.

    Raises:
        TrainingError: the library does not take the parameters.
    """
    try:
        return attempt(tried_labels(job, classifies, is_several=is_several))
    except TrainingError:
        if not classifies or is_several or not has_unknown_classes(job):
            raise
        with suppress(TrainingError):
            return attempt(tried_labels(job, classifies, is_several=True))
        raise


def tried_labels(job: TrainingJob, classifies: bool, *, is_several: bool) -> Any:
    """Return labels for the rows that parameters are tried with: of each class, or values."""
    columns = job.label_columns.names
    shape = (TRIED, len(columns)) if columns else (TRIED,)
    if not classifies:
        return np.ones(shape)  # a value that every loss takes
    classes = tabular.known_classes(job)
    return np.resize(np.arange(max(3, classes) if is_several else classes), shape)
