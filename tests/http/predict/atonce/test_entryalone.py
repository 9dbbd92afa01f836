"""A plain entry that comes alone is answered as others are, by a shorter way."""

from dataclasses import replace

import pytest

from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.http.predict.asking import Tally
from mlaas4hep.http.predict.raw import Entries, asking_entries
from mlaas4hep.serving.questions import answered
from tests.http.predict.conftest import CONTRACT

NAMES = ("a", "b", "c", "d")
FLAT = replace(
    CONTRACT,
    columns=NAMES,
    preproc="",
    specs=Specs(
        branches=tuple(
            BranchSpec(name=name, jagged=False, low=0.0, high=10.0, width=1) for name in NAMES
        ),
        ranges=(),
    ),
)
ENTRY = {"a": 1.5, "b": 2, "c": 0.25, "d": 10}


def loaded(world, contract):
    world.serve_trained(contract)
    return world.app.context.registry.current("owner-alice", "luca_1")


def told(answer, entry):
    return asking_entries("luca_1", Entries([entry])).to_answer(answer, Tally())


CONTRACTS = {
    "a score": FLAT,
    "a score of a class": replace(FLAT, positive="signal", classes=("background", "signal")),
    "named": replace(FLAT, classes=("a", "b")),
}


@pytest.mark.parametrize("name", CONTRACTS)
@pytest.mark.parametrize(
    "entry", [ENTRY, dict(reversed(ENTRY.items())), dict.fromkeys(NAMES, 0), {**ENTRY, "a": 3.0}]
)
def test_an_entry_alone_is_told_as_among_others(world, name, entry):
    served = loaded(world, CONTRACTS[name])
    alone = Entries([entry]).alone(served)
    (other,) = answered(served, [Entries([entry])])

    assert alone is not None
    assert told(alone, entry) == told(other, entry)


@pytest.mark.parametrize(
    "entry",
    [
        {**ENTRY, "a": 11},
        {**ENTRY, "a": None},
        {**ENTRY, "a": float("nan")},
        {**ENTRY, "a": "1"},
        {**ENTRY, "a": [1]},
        {**ENTRY, "event": 7},
        {**ENTRY, "x": 7},
        {"a": 1, "b": 2, "c": 3},
        {"a": 1, "b": 2, "c": 3, "x": 4},
        [1, 2, 3, 4],
        7,
    ],
)
def test_what_is_odd_is_not_answered_alone(world, entry):
    assert Entries([entry]).alone(loaded(world, FLAT)) is None


def test_several_entries_truths_and_other_models_are_not_answered_alone(world):
    served = loaded(world, FLAT)

    assert Entries([ENTRY, ENTRY]).alone(served) is None
    assert Entries([ENTRY], truths=True).alone(served) is None
    assert Entries([ENTRY]).alone(replace(served, transform=None)) is None
    assert Entries([ENTRY]).alone(replace(served, output="another")) is None


def test_entries_that_a_model_cuts_are_not_answered_alone(world):
    assert Entries([ENTRY]).alone(loaded(world, CONTRACT)) is None


def test_an_entry_alone_is_counted(world):
    tally = Tally()
    entries = Entries([ENTRY])
    asking_entries("luca_1", entries).to_answer(entries.alone(loaded(world, FLAT)), tally)

    assert (tally.rows, tally.outside, tally.cut) == (1, 0, 0)
