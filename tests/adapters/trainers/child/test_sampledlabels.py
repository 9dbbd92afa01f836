"""Labels of some entries are held against a model before anything is learned."""

from dataclasses import replace

import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.sampledlabels import doubts, misfits, unknown_factors
from mlaas4hep.core.data.weighting import TrainingWeights, Weighting
from mlaas4hep.core.models.training import SampledLabels
from mlaas4hep.core.requests.labelcolumns import LabelColumns
from mlaas4hep.core.requests.request import Params
from tests.adapters.trainers.conftest import make_job

pytestmark = pytest.mark.filterwarnings("ignore")

THREE = """
import keras
def model(idim):
    m = keras.Sequential([keras.Input((idim,)), keras.layers.Dense(3, activation="softmax")])
    m.compile("adam", "sparse_categorical_crossentropy")
    return m
"""
HINGE = THREE.replace('3, activation="softmax"', '1, activation="tanh"').replace(
    "sparse_categorical_crossentropy", "hinge"
)
SIGMOID = HINGE.replace("tanh", "sigmoid").replace('"hinge"', '"mse"')


def test_a_label_that_there_is_no_output_for_is_refused_if_the_run_has_it(build):
    sampled = SampledLabels(rows=((0.0,), (2.0,), (5.0,)))

    with pytest.raises(
        TrainingError, match=r"label 5 does not fit loss 'sparse_c.*: it must be an"
    ):
        doubts(build(THREE), sampled)


def test_it_is_a_doubt_if_the_run_may_not_use_the_entry(build):
    sampled = SampledLabels(rows=((0.0,), (5.0,)), are_used=False)

    (told,) = doubts(build(THREE), sampled)

    assert told.startswith("of the entries looked at: label 5 does not fit loss")
    assert "change labels.txt" in told


@pytest.mark.parametrize("text", [THREE, HINGE])
def test_labels_that_a_loss_compares_are_fine(build, text):
    assert doubts(build(text), SampledLabels(rows=((0.0,), (1.0,)))) == ()
    assert doubts(build(text), SampledLabels()) == ()
    assert make_job().sampled == SampledLabels()


WIDE = THREE.replace("sparse_categorical_crossentropy", "binary_crossentropy")


@pytest.mark.parametrize("text", [THREE, WIDE])
def test_outputs_for_classes_that_no_entry_has_are_told(build, text):
    summary = build(text).summary
    looked_at = replace(make_job(), sampled=SampledLabels(rows=((0.0,), (1.0,))))

    (told,) = misfits(summary, looked_at)

    assert told == (
        "the model has 3 outputs, one for each class, and none of the entries looked at has label 2:"
        " 2 outputs would do"
    )
    assert misfits(summary, replace(make_job(), labels=(0.0, 1.0))) == (
        told.replace("none of the entries looked at", "no entry"),
    )


def test_an_output_for_each_class_is_usual(build):
    two = build(THREE.replace("Dense(3", "Dense(2")).summary
    value = build(HINGE).summary

    for summary in (two, value):
        assert misfits(summary, replace(make_job(), labels=(0.0, 1.0))) == ()
    assert misfits(build(THREE).summary, replace(make_job(), labels=(0.0, 1.0, 2.0))) == ()
    assert misfits(build(THREE).summary, make_job()) == ()
    (told,) = misfits(build(THREE).summary, replace(make_job(), labels=(0.0, 2.0)))
    assert told.endswith("no entry has label 1")


def test_values_that_the_last_layer_never_gives_are_told(build):
    looked_at = replace(make_job(), sampled=SampledLabels(rows=((0.0,), (0.5,), (7.0,))))

    (told,) = misfits(build(SIGMOID).summary, looked_at)

    assert told == (
        "the last layer has the activation 'sigmoid', which never gives label 7 of the entries looked"
        " at: a last layer without activation gives any value"
    )


def test_a_class_weight_of_a_label_that_no_entry_looked_at_has_is_told(build):
    factors = Weighting(class_weight=(("7", 2.0),))
    job = replace(
        make_job(),
        params=Params(weighting=factors),
        weights=TrainingWeights(is_used=True, learned=((7.0, 2.0),)),
        sampled=SampledLabels(rows=((0.0,), (1.0,))),
    )
    summary = build(THREE).summary

    (told,) = unknown_factors(summary, job)

    assert told.startswith(
        "of the entries looked at: params.json: class_weight names 7, and no entry"
    )
    assert unknown_factors(summary, replace(job, sampled=SampledLabels())) == ()


def test_labels_of_several_columns_are_looked_at_column_by_column(build):
    job = replace(
        make_job(),
        label_columns=LabelColumns(names=("s", "e")),
        sampled=SampledLabels(rows=((0.0, 3.5), (1.0, 7.5))),
    )

    assert unknown_factors(build(THREE).summary, job) == ()
