"""Labels that an output of a model can never give."""

import pytest

from mlaas4hep.core.models.outputrange import OutputRange, never_given

SIGMOID = OutputRange(low=0.0, high=1.0, why="the last layer has the activation 'sigmoid'")
RELU = OutputRange(first=1, low=0.0, why="the last layer has the activation 'relu'")


@pytest.mark.parametrize("labels", [[(0.0, 1.0)], [()], [(0.25,), (-3.0,)]])
def test_labels_that_it_gives_are_not_worth_a_word(labels):
    assert never_given([SIGMOID], labels) == ()


@pytest.mark.parametrize("far", [7.0, -0.5])
def test_the_first_label_outside_is_named(far):
    (told,) = never_given([SIGMOID], [(0.5, far, 9.0)], " of the entries looked at")

    assert f"'sigmoid', which never gives label {far:g} of the entries looked at: a last" in told


def test_each_output_is_compared_with_its_own_columns():
    (told,) = never_given([SIGMOID, RELU], [(0.5,), (-2.0,)])

    assert told.startswith("the last layer has the activation 'relu', which never gives label -2:")
