import pytest

from mlaas4hep.adapters.trainers.callbacks import (
    EarlyStopping,
    ReduceLROnPlateau,
    Waiting,
    callbacks,
)
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.fitting import Fitting
from mlaas4hep.core.requests.request import Params


def of_params(*asked):
    params = Params(fitting=Fitting(callbacks=asked))
    return callbacks(TrainingJob(name="a", params=params, columns=1, chunks=1, entries=1), "Torch")


def rounds_of(values, **arguments):
    """Return (rounds that are done, the best of them)."""
    waiting = Waiting(asked=EarlyStopping(**arguments))
    for number, value in enumerate(values):
        waiting = waiting.after(number, {waiting.asked.monitor: value})
        if waiting.is_over(number):
            break
    return number + 1, waiting.best_round


#: values of a metric, round by round, and arguments
CASES = [
    ([3, 2, 1, 2, 2, 2], {"patience": 2}),
    ([3, 2, 1, 2, 2, 2], {}),
    ([1, 2, 3], {"patience": 0}),
    ([3, 2.9, 2.8, 2.7, 2.6], {"patience": 2, "min_delta": 0.15}),
    ([1, 2, 3, 3, 3, 3], {"patience": 2, "mode": "max", "monitor": "x"}),
    ([0.5, 0.6, 0.6, 0.6], {"patience": 1, "monitor": "val_loss", "mode": "max"}),
    ([5, 4, 3, 2, 1, 1, 1], {"patience": 3, "baseline": 2.5}),
    ([5, 4, 3, 2.8, 2.7, 2.6], {"patience": 3, "baseline": 1.0}),
    ([5, 4, 4.5, 3, 3.5, 3.5], {"patience": 1, "start_from_epoch": 3}),
    ([float("nan"), 1, 2, 3], {"patience": 2}),
]


@pytest.mark.parametrize(("values", "arguments"), CASES)
def test_a_training_stops_where_keras_stops_it(keras_framework, values, arguments):
    assert keras_framework
    import keras

    theirs = keras.callbacks.EarlyStopping(**arguments)
    theirs.set_model(Model())
    theirs.on_train_begin()
    for number, value in enumerate(values):
        theirs.on_epoch_end(number, {theirs.monitor: value})
        if theirs.model.stop_training:
            break

    assert rounds_of(values, **arguments) == (number + 1, theirs.best_epoch)


class Model:
    """What Keras's callback asks of a model."""

    stop_training = False


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("EarlyStoping", "{}"), "Torch has no callback 'EarlyStoping' here"),
        (("LearningRateScheduler", "{}"), "no callback 'LearningRateScheduler'"),
        (("EarlyStopping", '{"patient": 3}'), "EarlyStopping takes no 'patient'"),
        (("EarlyStopping", '{"patience": -1}'), "patience is -1, not a whole number"),
        (("EarlyStopping", '{"patience": 1.5}'), "patience is 1.5, not a whole number"),
        (("EarlyStopping", '{"patience": true}'), "patience is True, not such as 0"),
        (("EarlyStopping", '{"mode": "down"}'), "mode is 'down'"),
        (("EarlyStopping", '{"monitor": "val_gain"}'), 'say "mode": "min" or "max"'),
        (("EarlyStopping", '{"restore_best_weights": 1}'), "is 1, not such as false"),
        (("ReduceLROnPlateau", '{"factor": null}'), "factor is None, not such as 0.1"),
        (("ReduceLROnPlateau", '{"factor": 2}'), "factor is 2, not between 0 and 1"),
    ],
)
def test_what_is_wrong_is_named(asked, says):
    with pytest.raises(TrainingError, match=says) as caught:
        of_params(asked)

    assert caught.value.hint


def test_what_every_training_does_is_left_out():
    asked = ("TerminateOnNaN", "{}"), ("ReduceLROnPlateau", '{"factor": 0.5}')

    assert of_params(*asked) == (ReduceLROnPlateau(factor=0.5),)


def test_what_keras_takes_as_none_is_taken():
    assert of_params(("EarlyStopping", '{"baseline": null}')) == (EarlyStopping(),)


def test_a_metric_that_no_round_tells_is_refused():
    with pytest.raises(TrainingError, match="watches 'val_auc', and a round tells loss"):
        EarlyStopping(monitor="val_auc").value({"loss": 1.0})
