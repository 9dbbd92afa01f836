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

    Probabilities of the classes (of class 1 if there are two), else the decision function as a
    number between 0 and 1, else what `predict` gives.
    """
    if hasattr(estimator, "predict_proba"):
        given = np.asarray(estimator.predict_proba(x))
        given = given[:, 1] if given.ndim > 1 and given.shape[1] == _TWO else given
    elif hasattr(estimator, "decision_function"):
        with np.errstate(over="ignore"):
            given = 1 / (1 + np.exp(-np.asarray(estimator.decision_function(x), np.float64)))
    else:
        given = np.asarray(estimator.predict(x))
    return given.reshape(len(x), -1).astype(np.float32)


def load(path: Path) -> Callable[[Floats], Floats]:
    """Return what the pickled estimator computes; only a confined process may read a pickle."""
    estimator = pickle.loads(path.read_bytes())  # noqa: S301 - see above
    return lambda rows: scores(estimator, rows)
