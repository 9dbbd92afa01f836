"""Names are for people; what is stored is told apart by the id of its run and by its content."""

from dataclasses import replace

import pytest

from mlaas4hep.adapters.memory import MemoryRunBook
from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ChunkReady
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import ConflictError, ServiceUnavailableError
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline import table
from mlaas4hep.pipeline.records import next_name
from mlaas4hep.pipeline.training.checkpoints import Checkpoint
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.testing import pipeline
from tests import oracle
from tests.pipeline.training.test_deaths import MortalTrainer

FIRST = ChunkReady(owner="o", run="r_1", index=0, key="", entries=20)
RECORD = files.key("o", "r_1", files.CHECKPOINT)


@pytest.fixture
def services():
    return replace(pipeline.make_services(), trainer=MemoryTrainer())


@pytest.fixture
def interrupted(services, tmp_path):
    """A run whose training was killed after two rounds."""
    files_ = [
        oracle.write_tree(tmp_path / f"{name}.root", "t", {"x": [1.0, 2.0, 3.0, 4.0]})
        for name in "ab"
    ]
    services.runs_files.put(files.key("o", "r_1", files.MODEL), b"def model(idim): ...")
    pipeline.run(services, files_, chunk_size=4, epochs=3, identifier=())
    with pytest.raises(ServiceUnavailableError):
        list(train(FIRST, replace(services, trainer=MortalTrainer(rounds=2))))
    return services


def lost(services):
    """Return the services after all of NATS is lost."""
    return replace(services, runs=MemoryRunBook(lambda: 0.0))


def test_a_name_is_not_given_out_again_when_the_counters_are_lost(services):
    first = next_name("o", "luca", services)

    assert [first, next_name("o", "luca", lost(services))] == [("luca_1", 1), ("luca_2", 2)]


class OvertakenBook(MemoryRunBook):
    """A run book at which somebody else takes a name while the first one is being given out."""

    meanwhile = None

    def next_number(self, *args, **options):
        number = super().next_number(*args, **options)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return number


def test_whoever_is_slow_to_note_a_number_does_not_give_a_later_one_free(services):
    book = OvertakenBook(lambda: 0.0)
    services = replace(services, runs=book)
    taken = []
    book.meanwhile = lambda: taken.append(next_name("o", "luca", services))
    taken.append(next_name("o", "luca", services))

    assert sorted(taken) == [("luca_1", 1), ("luca_2", 2)]
    assert next_name("o", "luca", lost(services)) == ("luca_3", 3)


@pytest.mark.parametrize("bucket", ["runs_files", "models"])
def test_what_lies_in_the_store_keeps_its_name(services, bucket):
    getattr(services, bucket).put("o/luca_41/model.json", b"{}")
    getattr(services, bucket).put("o/luca_1/model.json", b"{}")

    assert next_name("o", "luca", services) == ("luca_42", 42)


def test_a_model_is_not_replaced_by_a_run_of_another_id(interrupted):
    other = ModelRecord(owner="o", name="r_1", version="1", files=(), run_id="another")
    interrupted.models.put(keys.model("o", "r_1"), wire.dump(other))

    with pytest.raises(ConflictError, match="did not make"):
        list(train(FIRST, interrupted))
    assert wire.load(ModelRecord, interrupted.models.get(keys.model("o", "r_1"))) == other


def test_a_checkpoint_of_the_same_run_and_data_is_used(interrupted):
    started, *_ = train(FIRST, interrupted)

    assert (started.resumed, started.warnings) == (3, ())


def _change(**changes):
    def change(services):
        found = wire.load(Checkpoint, services.runs_files.get(RECORD))
        services.runs_files.put(RECORD, wire.dump(replace(found, **changes)))

    return change


def _state(services):
    (state,) = services.runs_files.list(files.key("o", "r_1", files.CHECKPOINTS))
    return state.key


REFUSED = {
    "another run": _change(run_id="other"),
    "attempt 2": _change(attempt=2),
    "other data": _change(plan="0"),
    "damaged": lambda services: services.runs_files.put(_state(services), b"9"),
    "gone": lambda services: services.runs_files.delete(_state(services)),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_any_other_checkpoint_is_refused_and_the_run_says_so(interrupted, reason):
    REFUSED[reason](interrupted)

    started, *_ = train(FIRST, interrupted)

    assert started.resumed == 0
    assert reason in started.warnings[0]


def test_nothing_is_left_of_a_checkpoint_when_the_training_is_done(interrupted):
    drain(interrupted, table.steps("train"))
    list(train(FIRST, interrupted))

    left = [info.key for info in interrupted.runs_files.list("o/r_1/checkpoint")]
    assert left == []


def test_the_store_knows_that_a_run_is_over(interrupted):
    interrupted.bus.redeliver(FIRST)
    drain(interrupted, table.steps("train"))

    body = interrupted.runs_files.get(files.key("o", "r_1", files.RUN))
    assert wire.load(Run, body).status is Status.DONE
