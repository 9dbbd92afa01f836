"""How long a run takes, from what was measured."""

from mlaas4hep.core.models.duration import Probe, Seconds, estimated

PROBE = Probe(entries=100, seconds=0.5)


def test_entries_are_read_twice_and_the_bounds_lie_around_that():
    found = estimated(PROBE, 200, 200, training_s=None)

    assert found.reading == Seconds(low=1.0, high=10.0)
    assert found.measured_entries == 100


def test_rows_of_what_is_selected_are_made_once():
    wide = Probe(entries=100, seconds=0.5, rows=10, rows_s=1.0)

    assert estimated(wide, 200, 50, training_s=None).reading == Seconds(low=3.5, high=30.0)


def test_a_training_of_which_no_pace_is_known_is_said_not_to_be_included():
    unknown, known = (
        estimated(PROBE, 200, 200, training_s=None),
        estimated(PROBE, 200, 200, training_s=10),
    )

    assert unknown.training is None
    assert unknown.not_included[0].startswith("the training: ")
    assert known.training == Seconds(low=5.0, high=42.0)
    assert len(known.not_included) == 1
