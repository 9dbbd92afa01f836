"""What scikit-learn raises in the middle of a training, in words: which part, about what, the cure."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import OrdinalEncoder

from mlaas4hep.adapters.trainers.child.failure import LOGGED, MODEL_FILE, TrainingError, line_of
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.adapters.trainers.sklearn.estimators import parts

_LOOK = f"scikit-learn's pages say what it takes; {LOGGED}"
_OF_NEGATIVE_WEIGHTS = (
    'some entries have negative weights; "negative_weights": "abs" or "drop" in params.json'
)
_ENCODES = "handle_unknown"  #: what an encoder does about values that it has not learned


@contextmanager
def naming_what_refuses(doing: str, weights: Floats | None = None) -> Iterator[None]:
    """Name the part of an estimator that refuses; errors of somebody's own lines are left as they are.

    Args:
        doing: what it does not do, as in "does not learn these entries".
        weights: of entries that it was given: negative ones are why, if there are some.

    Raises:
        TrainingError: in the place of whatever scikit-learn raises.
    """
    try:
        yield
    except (TrainingError, MemoryError):
        raise
    except Exception as error:
        if line_of(error):
            raise
        part = raised_by(error)
        if part is None:
            raise
        is_negative = weights is not None and bool((weights < 0).any())
        raise TrainingError(
            f"{MODEL_FILE}: {type(part).__name__} {doing}: {said(error)}",
            _OF_NEGATIVE_WEIGHTS if is_negative else _cure(part),
        ) from error


def said(error: Exception) -> str:
    """Return the message of an error in one line, or its kind."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def raised_by(error: Exception) -> Any:
    """Return the innermost estimator that was at work when it was raised; None: none was."""
    found, trace = None, error.__traceback__
    while trace is not None:
        own = trace.tb_frame.f_locals.get("self")
        found = own if isinstance(own, BaseEstimator) else found
        trace = trace.tb_next
    return found


def check_neighbours(estimator: Any, entries: int) -> None:
    """Refuse to look for more neighbours than there are entries, which `fit` would not do.

    Args:
        estimator: that is to learn.
        entries: that it learns, at most.

    Raises:
        TrainingError: names both numbers.
    """
    for each in parts(estimator):
        if not isinstance(each, KNeighborsClassifier | KNeighborsRegressor):
            continue
        if each.n_neighbors > entries:
            raise TrainingError(
                f"{MODEL_FILE}: {type(each).__name__}(n_neighbors={each.n_neighbors}) looks for more"
                f" neighbours than the {entries} entries that it may learn",
                "a smaller n_neighbors, or more entries (a larger nevts, a smaller split)",
            )


def _cure(part: Any) -> str:
    if getattr(part, _ENCODES, "") != "error":
        return _LOOK
    takes = "'use_encoded_value', unknown_value=-1"
    others = takes if isinstance(part, OrdinalEncoder) else "'ignore'"
    return (
        f"{type(part).__name__}({_ENCODES}={others}) takes values that it has not learned; columns"
        " that are no categories need no encoder"
    )
