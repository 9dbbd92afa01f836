"""Inputs that end their process, or take too long in a library, are counted and cost little."""

import os

from fuzz.target import Target
from fuzz.worker import tried

GOOD = b"good input of some length"


def target(on_bad):
    def read(data):
        if data != GOOD:
            on_bad()

    return Target(name="t", make=lambda _: read, seeds=lambda _: [GOOD], may_break=True, seconds=1)


def test_inputs_that_end_their_process_are_counted_and_the_others_tried():
    tally = tried(target(os.abort), seed=1, seconds=60.0, count=5)

    assert tally.broke > 0
    assert tally.broke + tally.inputs == 5
    assert tally.findings == []
    assert tally.late == 0


def test_an_input_with_which_a_library_computes_for_ever_ends_its_process():
    tally = tried(target(lambda: sum(iter(int, 1))), seed=1, seconds=60.0, count=1)

    assert (tally.broke, tally.late, tally.findings) == (1, 1, [])


def test_what_may_end_no_process_is_found():
    kept = target(os.abort)
    found = tried(Target(name="t", make=kept.make, seeds=kept.seeds), seed=1, seconds=60.0, count=1)

    assert len(found.findings) == 1
    assert "number 0: crashed" in found.findings[0]
