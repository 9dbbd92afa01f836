"""What an estimator of scikit-learn, or something that is used like one, gives for entries."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_TWO = 2  #: classes, told by one number


def scores(estimator: Any, x: Floats) -> Floats:
    """Return one row of numbers for each entry.

    Probabilities of the classes (of class 1 if there are two, and of each of several labels),
    else the decision function as a number between 0 and 1, else what `predict` gives: 1 for the
    class and 0 for all others if there are more than two.
    """
    if hasattr(estimator, "predict_proba"):
        given = _of_classes(estimator, x)
    elif hasattr(estimator, "decision_function"):
        with np.errstate(over="ignore"):
            given = 1 / (1 + np.exp(-np.asarray(estimator.decision_function(x), np.float64)))
    else:
        given = _predicted(estimator, x)
    return given.reshape(len(x), -1).astype(np.float32)


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


def load(path: Path) -> Callable[[Floats], Floats]:
    """Return what the pickled estimator computes; only a confined process may read a pickle."""
    estimator = pickle.loads(path.read_bytes())  # noqa: S301 - see above
    return lambda rows: scores(estimator, rows)
