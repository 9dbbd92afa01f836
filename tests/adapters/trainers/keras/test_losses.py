from functools import partial

import keras
import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.keras.losses import Target, is_of_keras
from mlaas4hep.adapters.trainers.keras.own.ownloss import wants_numbers


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


def test_several_outputs_may_be_about_one_number_if_the_request_says_so():
    target = Target("quantiles", 3, is_value=True)
    labels = np.array([2.5, 1e6], np.float32)

    target.check(labels)

    assert (target.task, target.shaped(labels).tolist()) == ("regression", [[2.5], [1e6]])


def test_without_a_word_they_are_classes_and_the_refusal_says_what_to_write():
    with pytest.raises(TrainingError) as refused:
        Target("quantiles", 3).check(np.array([2.5], np.float32))

    assert '"task": "regression"' in refused.value.hint


def likelihood(labels, outputs):
    chosen = keras.ops.take_along_axis(outputs, keras.ops.cast(labels[:, :1], "int32"), axis=1)
    return -keras.ops.log(chosen)


def likelihood_of_numbers(labels, outputs):
    numbers = keras.ops.cast(labels, "int32")
    return -keras.ops.log(keras.ops.take_along_axis(outputs, numbers, axis=1))


def distance(labels, outputs):
    return keras.ops.mean((labels - outputs) ** 2)


def entropy(labels, outputs):
    return -keras.ops.sum(labels * keras.ops.log(outputs), axis=-1)


class Likelihood(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return likelihood_of_numbers(y_true, y_pred)


@pytest.mark.parametrize(
    ("loss", "is_of_numbers"),
    [
        (likelihood, True),
        (likelihood_of_numbers, True),
        ([likelihood_of_numbers], True),
        (Likelihood(), True),
        (Likelihood, True),
        (distance, False),
        (entropy, False),
        (lambda _, outputs: keras.ops.mean(outputs), False),
    ],
)
def test_a_loss_that_understands_only_numbers_of_classes_gets_numbers(loss, is_of_numbers):
    assert wants_numbers(loss, Target("of mine", 3)) == is_of_numbers


def test_columns_beside_the_labels_do_not_hide_what_a_loss_understands():
    target = Target("likelihood", 4, first=1, beside=1)

    assert wants_numbers(likelihood, target)
    assert not wants_numbers(lambda labels, outputs: entropy(labels[:, :4], outputs), target)


class OfMine(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return keras.losses.mean_squared_error(y_true[:, :1], y_pred)


def of_mine(y_true, y_pred):
    return keras.losses.mean_squared_error(y_true[:, :1], y_pred)


@pytest.mark.parametrize(
    "loss",
    ["mse", ["mse"], keras.losses.mean_squared_error, keras.losses.Huber(),
     partial(keras.losses.huber, delta=2.0), keras.losses.CosineSimilarity],
)  # fmt: skip
def test_a_loss_of_keras_is_not_given_loss_columns_to_compare(loss):
    target = Target("mse", 1, beside=1, of_keras=is_of_keras(loss))

    with pytest.raises(TrainingError, match="cannot compare labels with 1 column") as refused:
        target.check_output()

    assert "loss(y, outputs)" in refused.value.hint


@pytest.mark.parametrize(
    "loss", [of_mine, {"a": of_mine}, OfMine(), OfMine, partial(of_mine), None]
)
def test_a_loss_of_ones_own_is_given_them(loss):
    Target("mine", 1, beside=1, of_keras=is_of_keras(loss)).check_output()
