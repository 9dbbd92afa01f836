"""What may wait for predictions, by who sent it."""

import asyncio
from typing import ClassVar

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import NotFoundError, QuotaError
from mlaas4hep.ports import TensorInfo
from mlaas4hep.serving.batching import Batcher, Inquiry
from mlaas4hep.serving.questions import Invocation, Single
from mlaas4hep.serving.registry import Registry
from tests.gatedmodel import GatedModel

MODEL = ("o", "net", "")
ALICE = Person(owner="o", subject="alice")
BOB = Person(owner="b", subject="bob")
MOST_ROWS, MOST_BYTES = 1_000_000, 64_000_000


@pytest.fixture
def model():
    return GatedModel()


@pytest.fixture
def batcher(model):
    store = MemoryStore(lambda: 0.0)
    record = ModelRecord(owner="o", name="net", version="v1", files=(), public=True)
    store.put(keys.model("o", "net"), wire.dump(record))
    made = Batcher(Registry(store, lambda _store, _record: model, keep=1))
    yield made
    model.gate.set()
    made.close()


def question(rows):
    return Single(
        lambda _served: Invocation({"x": np.ones(1, np.float32)}, lambda _outputs: "answer"),
        rows=rows,
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((MOST_ROWS, 0), (1, 0)),
        ((MOST_ROWS - 9, 0), (10, 0)),
        ((1, MOST_BYTES), (1, 0)),
        ((1, MOST_BYTES // 2), (1, MOST_BYTES // 2)),
    ],
)
def test_rows_and_bytes_of_one_person_that_wait_are_limited_and_others_go_on(
    batcher, model, first, second
):
    async def scene():
        waiting = asyncio.ensure_future(batcher.ask(MODEL, ALICE, question(first[0]), first[1]))
        await asyncio.sleep(0)
        with pytest.raises(QuotaError, match="wait for predictions already"):
            await batcher.ask(MODEL, ALICE, question(second[0]), second[1])
        other = asyncio.ensure_future(batcher.ask(MODEL, BOB, question(second[0]), second[1]))
        await asyncio.sleep(0)
        model.gate.set()
        answers = await asyncio.gather(waiting, other)
        again = await batcher.ask(MODEL, ALICE, question(second[0]), second[1])
        return [*answers, again]

    assert asyncio.run(scene()) == ["answer"] * 3


def test_one_question_alone_may_be_larger_than_what_may_wait(batcher, model):
    model.gate.set()

    answer = asyncio.run(batcher.ask(MODEL, ALICE, question(MOST_ROWS + 1)))

    assert answer == "answer"


def test_what_is_refused_or_fails_leaves_nothing_that_waits(batcher, model):
    def fails(_served):
        raise QuotaError("no")

    async def scene():
        model.gate.set()
        for _ in range(3):
            with pytest.raises(QuotaError, match="no"):
                await batcher.ask(MODEL, ALICE, Single(fails, rows=MOST_ROWS))
        return await batcher.ask(MODEL, ALICE, question(MOST_ROWS))

    assert asyncio.run(scene()) == "answer"


class FewRows:
    """Doubles its input, four rows at a time."""

    inputs = (TensorInfo(name="x", dtype="float32", shape=(-1, 1)),)
    outputs = (TensorInfo(name="y", dtype="float32", shape=(-1, 1)),)
    signatures: ClassVar[dict] = {}
    platform, prompt_rows = "test", 4

    def __init__(self):
        self.rows = []

    def run(self, feeds):
        self.rows.append(len(feeds["x"]))
        return {"y": 2 * feeds["x"]}


def doubling(*numbers):
    x = np.array(numbers, np.float32).reshape(-1, 1)
    return Single(
        lambda _served: Invocation({"x": x}, lambda outputs: outputs["y"].ravel().tolist()),
        rows=len(numbers),
    )


def test_what_is_asked_together_takes_few_calls_of_few_rows_and_what_is_larger_waits():
    store, model = MemoryStore(lambda: 0.0), FewRows()
    record = ModelRecord(owner="o", name="net", version="v1", files=())
    store.put(keys.model("o", "net"), wire.dump(record))
    registry = Registry(store, lambda _store, _record: model, keep=1, clock=lambda: 0.0)
    batcher = Batcher(registry)
    questions = [doubling(1), doubling(2, 3), doubling(4, 5), doubling(*range(5)), doubling(6)]
    sent = [Inquiry(ALICE, question) for question in questions]

    assert batcher.prompt_together(MODEL, sent) == [None] * 5  # it is not loaded
    registry.current("o", "net")
    several = [batcher.prompt_together(MODEL, [*sent, Inquiry(BOB, doubling(7))]) for _ in range(3)]
    batcher.close()

    for *answers, refused in several:
        assert answers == [[2], [4, 6], [8, 10], None, [12]]
        assert isinstance(refused, NotFoundError)
    compared = [3, 1, 3, 2, 3, 1]  # some rows are asked about alone, too, the first three times
    assert model.rows == [*compared, 3, 3, 3]
