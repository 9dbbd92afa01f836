"""The models of all folds as one entry."""

import numpy as np
import pytest

from mlaas4hep.adapters.runtimes.entry import DEFAULT, Entry, ModelError
from mlaas4hep.adapters.runtimes.folded import joined
from mlaas4hep.core.models.bundle.folding import FEED


def model(number, width=2):
    """Return a model that adds its number; TensorFlow calls inputs and outputs as it likes."""
    taken, given = f"keras_tensor_{number}", f"output_{number}"

    def call(feeds):
        return {given: feeds[taken].sum(axis=1, keepdims=True) + number}

    return {
        DEFAULT: Entry(
            inputs=((taken, "float32", (-1, width)),),
            outputs=((given, "float32", (-1, 1)),),
            call=call,
        )
    }


ROWS = np.arange(8, dtype=np.float32).reshape(4, 2)


def test_each_row_goes_to_the_model_of_its_fold_whatever_it_calls_its_input():
    entry = joined([model(100), model(200), model(300)])[DEFAULT]
    (taken, *_), (fold, *_) = entry.inputs

    found = entry.run({taken: ROWS, fold: np.array([2, 0, 2, 1], np.int32)})

    assert (taken, fold) == ("keras_tensor_100", FEED)
    assert found["output_100"].tolist() == [[301.0], [105.0], [309.0], [213.0]]


def test_a_row_of_no_fold_is_answered_by_nobody():
    entry = joined([model(100), model(200)])[DEFAULT]

    with pytest.raises(ValueError, match="2 folds, and some rows are of none"):
        entry.run({"keras_tensor_100": ROWS, FEED: np.array([0, 1, 2, 0], np.int32)})


def test_models_that_take_different_things_are_no_folds_of_one():
    with pytest.raises(ModelError, match="take or give different things"):
        joined([model(100), model(200, width=3)])
