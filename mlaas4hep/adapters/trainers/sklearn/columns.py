"""Which estimators learn several label columns at once, and what those want to know of them."""

from typing import Any

import numpy as np
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPRegressor

from mlaas4hep.adapters.trainers.sklearn.estimators import innermost


def takes_columns(estimator: Any) -> bool:
    """Tell whether `fit` takes labels of shape (n, columns); somebody's own class is believed to."""
    inner = innermost(estimator)
    if not hasattr(inner, "__sklearn_tags__"):
        return True
    tags = inner.__sklearn_tags__()
    of_classes = tags.classifier_tags is not None and tags.classifier_tags.multi_label
    # Its tags do not say that it does.
    return tags.target_tags.multi_output or of_classes or isinstance(inner, MLPRegressor)


def classes_of_columns(estimator: Any, columns: int) -> Any:
    """Return what `partial_fit` wants as `classes` of columns that hold 0 and 1."""
    if isinstance(estimator, MultiOutputClassifier):
        return [np.arange(2)] * columns
    return np.arange(columns)
