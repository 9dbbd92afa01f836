import json
from collections.abc import Callable

import pytest

from mlaas4hep.adapters.memory import MemoryDeadLetters
from mlaas4hep.adapters.nats.connection import Connection
from mlaas4hep.adapters.nats.deadletters import JetStreamDeadLetters
from mlaas4hep.adapters.nats.provision import DEAD_SUBJECT
from mlaas4hep.ports.deadletters import DeadLetters

Bury = Callable[[bytes, str, str], object]


@pytest.fixture(params=["memory", "jetstream"])
def letters(request: pytest.FixtureRequest) -> DeadLetters:
    if request.param == "memory":
        return MemoryDeadLetters()
    return JetStreamDeadLetters(request.getfixturevalue("connection"))


@pytest.fixture
def bury(letters: DeadLetters, request: pytest.FixtureRequest) -> Bury:
    if isinstance(letters, MemoryDeadLetters):
        return letters.bury
    connection: Connection = request.getfixturevalue("connection")

    def publish(data: bytes, function: str, problem: str) -> object:
        headers = {"Mlaas-Function": function, "Mlaas-Problem": json.dumps({"message": problem})}
        return connection.run(
            lambda jetstream: jetstream.publish(DEAD_SUBJECT, data, headers=headers)
        )

    return publish


def test_what_was_given_up_comes_the_oldest_first_until_it_is_removed(
    letters: DeadLetters, bury: Bury
) -> None:
    for data in (b"one", b"two"):
        bury(data, "train", "no tree")

    first, second = list(letters.letters())[-2:]
    assert (first.data, first.function, first.problem) == (b"one", "train", "no tree")
    assert (second.data, second.sequence > first.sequence) == (b"two", True)
    for _ in range(2):
        letters.remove(first.sequence)
    left = [letter.sequence for letter in letters.letters()]
    assert second.sequence in left
    assert first.sequence not in left
    letters.remove(second.sequence)
