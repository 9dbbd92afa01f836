import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.keras.losses import Target


def test_labels_are_one_hot_only_if_the_loss_asks_for_it():
    y = np.array([0, 2, 1], np.float32)

    one_hot = Target("categorical_crossentropy", 3).shaped(y)
    sparse = Target("sparse_categorical_crossentropy", 3).shaped(y)
    numbers = Target("mse", 1).shaped(y)

    assert one_hot.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert sparse.tolist() == numbers.tolist() == [[0], [2], [1]]


@pytest.mark.parametrize(
    ("loss", "width", "label", "message"),
    [
        ("binary_crossentropy", 1, 3, "label 3 does not fit loss 'binary_crossentropy': it must"),
        ("categorical_crossentropy", 2, 2, r"label 2 \(c\) does not fit .* an integer from 0 to 1"),
        ("categorical_crossentropy", 2, 0.5, "label 0.5 does not fit"),
        ("sparse_categorical_crossentropy", 2, -1, "label -1 does not fit"),
    ],
)
def test_a_label_that_does_not_fit_the_loss_is_named(loss, width, label, message):
    target = Target(loss, width, ("a", "b", "c"))

    with pytest.raises(TrainingError, match=message):
        target.check(np.array([0, label], np.float32))
