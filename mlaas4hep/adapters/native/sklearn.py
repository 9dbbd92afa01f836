"""What an estimator of scikit-learn, or something that is used like one, gives for entries."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.native.nativemodel import Floats, NativeModel

_TWO = 2  #: classes, told by one number


class RowCountError(ValueError):
    """An estimator gives another number of rows than it was given."""


def scores(estimator: Any, x: Floats) -> Floats:
    """Return one row of numbers for each entry.

    Probabilities of the classes (of class 1 if there are two, and of each of several labels),
    else the decision function as a number between 0 and 1, else what `predict` gives: 1 for the
    class and 0 for all others if there are more than two.

    Raises:
        RowCountError: somebody's own class does not give one for each entry.
    """
    if hasattr(estimator, "predict_proba"):
        given = _of_classes(estimator, x)
    elif hasattr(estimator, "decision_function"):
        given = _between(np.asarray(estimator.decision_function(x), np.float64))
    else:
        given = _predicted(estimator, x)
    if len(np.atleast_1d(given)) != len(x):
        kind = type(estimator).__name__
        raise RowCountError(f"{kind} gives shape {np.shape(given)} for {len(x)} entries")
    return given.reshape(len(x), -1).astype(np.float32)


def _between(decisions: NDArray[Any]) -> NDArray[Any]:
    """Return numbers between 0 and 1 in the order of decisions; 0.5 is where they change sign.

    Not by the logistic function: as float32, that is 1 for all decisions above 17, which are usual
    where columns are not scaled, and which of them is larger could not be told.
    """
    found: NDArray[Any] = 0.5 + 0.5 * decisions / (1 + np.abs(decisions))
    return found


def _of_classes(estimator: Any, x: Floats) -> NDArray[Any]:
    given = estimator.predict_proba(x)
    if isinstance(given, list):  # a matrix for each of several labels, of 0 and 1
        return np.stack([each[:, 1] for each in given], axis=1)
    found = np.asarray(given)
    of_two = found.ndim > 1 and found.shape[1] == _TWO
    if of_two and np.ndim(estimator.predict(x[:1])) == 1:  # else they are two labels
        return found[:, 1]
    return found


def _predicted(estimator: Any, x: Floats) -> NDArray[Any]:
    given = np.asarray(estimator.predict(x))
    classes = getattr(estimator, "classes_", ())
    if given.ndim > 1 or len(classes) <= _TWO:
        return given
    one_hot: NDArray[Any] = given[:, None] == np.asarray(classes)
    return one_hot


_ANSWERS = ("predict_proba", "decision_function", "predict")


def _named(estimator: Any) -> tuple[str, ...]:
    """Return the class that each score of a row is for, if classes have names; else ()."""
    known = getattr(estimator, "classes_", None)
    if not isinstance(known, np.ndarray) or known.ndim != 1 or known.dtype.kind not in "OU":
        return ()
    return tuple(map(str, known[1:] if len(known) == _TWO else known))


def _columns(estimator: Any) -> int:
    """Return how many columns a row must have; 0: it does not say, or takes others as well.

    Estimators of people drop columns before they fit, and what they are made of counts the rest.
    """
    known = getattr(estimator, "n_features_in_", None)
    if not isinstance(known, int | np.integer) or known < 1:
        return 0
    takes_one_more = _answers(estimator, int(known) + 1)
    return int(known) if not takes_one_more and _answers(estimator, int(known)) else 0


def _answers(estimator: Any, columns: int) -> bool:
    """Tell whether it gives scores for a row of zeros."""
    try:
        scores(estimator, np.zeros((1, columns), np.float32))
    except Exception:  # noqa: BLE001 - somebody's estimator
        return False
    return True


def load(path: Path) -> NativeModel:
    """Return the pickled estimator; only a confined process may read a pickle.

    Raises:
        ValueError: it is something that predicts nothing.
    """
    estimator = pickle.loads(path.read_bytes())  # noqa: S301 - see above
    if isinstance(estimator, type) or not any(
        callable(getattr(estimator, name, None)) for name in _ANSWERS
    ):
        raise ValueError(f"it holds a {type(estimator).__name__}, which has no predict")
    return NativeModel(
        scores=lambda rows: scores(estimator, rows),
        columns=_columns(estimator),
        classes=_named(estimator),
    )
