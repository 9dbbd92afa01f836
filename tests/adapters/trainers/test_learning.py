import numpy as np
import pytest

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def labels_for(usermodel):
    from mlaas4hep.adapters.trainers.child.learning import Labels

    return Labels


def test_labels_are_one_hot_only_if_the_loss_asks_for_it(labels_for):
    y = np.array([0, 2, 1], np.float32)

    one_hot = labels_for("categorical_crossentropy", 3).shaped(y)
    sparse = labels_for("sparse_categorical_crossentropy", 3).shaped(y)
    numbers = labels_for("mse", 1).shaped(y)

    assert one_hot.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert sparse.tolist() == numbers.tolist() == [[0], [2], [1]]


@pytest.mark.parametrize(
    ("loss", "width", "label", "message"),
    [
        ("binary_crossentropy", 1, 3, "label 3 does not fit loss 'binary_crossentropy': it must"),
        ("categorical_crossentropy", 2, 2, r"label 2 \(c\) does not fit .* an integer from 0 to 1"),
        ("categorical_crossentropy", 2, 0.5, "label 0.5 does not fit"),
        ("sparse_categorical_crossentropy", 2, -1, "label -1 does not fit"),
        ("mse", 1, np.nan, "1 labels of 2 in a chunk are not numbers"),
    ],
)
def test_a_label_that_does_not_fit_the_loss_is_named(labels_for, loss, width, label, message):
    from mlaas4hep.adapters.trainers.child.failure import TrainingError

    labels = labels_for(loss, width, ("a", "b", "c"))

    with pytest.raises(TrainingError, match=message):
        labels.shaped(np.array([0, label], np.float32))


def test_one_class_alone_cannot_be_told_apart(labels_for):
    from mlaas4hep.adapters.trainers.child.failure import TrainingError

    labels = labels_for("binary_crossentropy", 1)
    labels.shaped(np.ones(5, np.float32))

    with pytest.raises(TrainingError, match="all entries have label 1"):
        labels.check_seen()

    labels.shaped(np.zeros(5, np.float32))
    labels.check_seen()


def test_a_regression_may_have_one_label_only(labels_for):
    labels = labels_for("mse", 1)

    labels.shaped(np.full(5, 0.7, np.float32))

    labels.check_seen()
