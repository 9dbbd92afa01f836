"""How many entries of each class train, validate and test."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.parts import Parts, described
from mlaas4hep.core.data.planning.splitting import Splitting
from mlaas4hep.core.models.sample.split import Split
from mlaas4hep.core.requests.request import Params

BY_CHANCE = "split 0.3 and seed 21"


def rows(*numbers):
    return np.array(numbers, np.int32)


def test_parts_of_which_nothing_of_a_class_trains_are_refused_where_labels_are_classes():
    parts = Parts(("b", "s"), BY_CHANCE)
    split = Split(train=rows(0, 2), validation=rows(1, 3), test=rows())
    parts.add(0, np.array([0, 1, 0, 1], np.float32), split)

    parts.check(classifies=False)
    with pytest.raises(
        TrainingError, match=r"^params.json: .*no entry of class 1 \(s\) is in the train part"
    ):
        parts.check(classifies=True)


def test_a_split_that_leaves_nothing_to_learn_from_is_refused():
    parts = Parts((), BY_CHANCE)
    parts.add(0, np.zeros(2, np.float32), Split(train=rows(), validation=rows(0), test=rows(1)))

    with pytest.raises(
        TrainingError, match=f"^params.json: {BY_CHANCE}: no entry is left to learn"
    ):
        parts.check(classifies=False)


def test_a_part_without_entries_is_told_if_it_was_wanted():
    parts = Parts(("b", "s"), BY_CHANCE)
    split = Split(train=rows(0, 1), validation=rows(2, 3), test=rows())
    parts.add(0, np.array([0, 1, 0, 1], np.float32), split)

    assert parts.warnings(classifies=True, chunked=False, due=("validation",)) == ()
    assert parts.warnings(classifies=True, chunked=False, due=("validation", "test")) == (
        "no entry is in the test part: there are too few",
    )


def test_a_class_that_a_part_lacks_is_named():
    parts = Parts(("b", "s"), BY_CHANCE)
    split = Split(train=rows(0, 1), validation=rows(2), test=rows(3))
    parts.add(0, np.array([0, 1, 0, 1], np.float32), split)

    (validation, test) = parts.warnings(classifies=True, chunked=False)

    assert validation.startswith("no entry of class 1 (s) is in the validation part (1 entries)")
    assert test.startswith("no entry of class 0 (b) is in the test part")


def test_entries_of_weight_0_train_nothing():
    parts = Parts(("b", "s"), BY_CHANCE)
    split = Split(train=rows(0, 1), validation=rows(2, 3), test=rows())
    weights = np.array([1, 0, 1, 1], np.float32)
    parts.add(0, np.array([0, 1, 0, 1], np.float32), split, weights)

    with pytest.raises(
        TrainingError, match=r"with a weight other than 0 of class 1 \(s\) is in the"
    ):
        parts.check(classifies=True)


@pytest.mark.parametrize("classifies", [True, False])
def test_a_part_of_which_all_weights_are_0_has_no_figures(classifies):
    parts = Parts(("b", "s"), BY_CHANCE)
    split = Split(train=rows(0, 1), validation=rows(2, 3), test=rows())
    weights = np.array([1, 1, 0, 0], np.float32)
    parts.add(0, np.array([0, 1, 0, 1], np.float32), split, weights)

    assert parts.warnings(classifies=classifies, chunked=False, due=("validation",)) == (
        "no entry with a weight other than 0 is in the validation part, so it has no figures",
    )


def test_many_values_are_counted_on_whatever_the_first_chunk_holds():
    parts = Parts((), BY_CHANCE)
    values = np.arange(60, dtype=np.float32)
    none, every = rows(), rows(*range(60))
    parts.add(0, values, Split(train=none, validation=every, test=none))
    parts.add(1, values, Split(train=every, validation=none, test=none))

    parts.check(classifies=False)

    assert parts.warnings(classifies=False, chunked=True, due=("validation",)) == ()


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (Params(), BY_CHANCE),
        (Params(splitting=Splitting(folds=3)), "folds 3"),
        (Params(splitting=Splitting(folds=3, fold_by="event")), "folds 3 by 'event'"),
        (Params(splitting=Splitting(validation="x > 1")), "validation 'x > 1'"),
    ],
)
def test_what_decides_who_trains_is_said_as_params_json_says_it(params, said):
    assert described(params) == said
