"""What every `Trainer` does, whether it runs model.py or only pretends to."""

from importlib.util import find_spec

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.adapters.trainers.sandbox import Sandbox
from mlaas4hep.core.data.chunk import encode
from mlaas4hep.core.models.training import (
    ChunkWanted,
    FileMade,
    ModelBuilt,
    RoundEnded,
    TrainingFinished,
    TrainingJob,
)
from mlaas4hep.core.requests.request import Params
from mlaas4hep.errors import PermanentError

MODEL = b"""
import keras

def model(idim):
    made = keras.Sequential([keras.Input((idim,)), keras.layers.Dense(1, activation="sigmoid")])
    made.compile("adam", "mean_squared_error")
    return made
"""
JOB = TrainingJob(
    name="luca_1", params=Params(epochs=2, batch_size=20, split=0.0), columns=3, chunks=2
)


@pytest.fixture(params=["memory", "sandbox"])
def trainer(request):
    if request.param == "memory":
        return MemoryTrainer()
    if find_spec("tensorflow") is None:
        pytest.skip("the extra `train` is not installed")
    return Sandbox(checkpoint_seconds=0)


@pytest.fixture(scope="session")
def chunks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chunks")
    random = np.random.default_rng(0)
    for index in range(JOB.chunks):
        x = random.random((60, JOB.columns), dtype=np.float32)
        (folder / str(index)).write_bytes(encode(x, (x[:, 0] > 0.5).astype(np.float32)))
    return [folder / str(index) for index in range(JOB.chunks)]


def follow(training, chunks, until=lambda _: False):
    """Serve a training until it is finished, and return the reports and the last checkpoint."""
    told, checkpoint = [], b""
    while not told or not (isinstance(told[-1], TrainingFinished) or until(told[-1])):
        report = training.report(60)
        assert report is not None or told
        if isinstance(report, ChunkWanted):
            training.give_chunk(chunks[report.index])
        elif isinstance(report, FileMade):
            with report.file as file:
                content = file.read()
            checkpoint = content if report.name == "checkpoint" else checkpoint
            told.append(report.name)
        elif report is not None:
            told.append(report)
    return told, checkpoint


def test_a_training_tells_its_rounds_in_order_each_after_its_checkpoint(trainer, chunks):
    with trainer.start(JOB, MODEL) as training:
        told, _ = follow(training, chunks)

    built, *rounds = told[:9]
    assert isinstance(built, ModelBuilt)
    assert built.resumed == 0
    assert built.summary.input_width == JOB.columns
    assert rounds[0::2] == ["checkpoint"] * 4
    assert [ended.round for ended in rounds[1::2]] == [0, 1, 2, 3]
    assert all(dict(ended.metrics)["loss"] > 0 for ended in rounds[1::2])
    *files, finished = told[9:]
    assert files
    assert all(name.startswith("bundle/") for name in files)
    assert isinstance(finished, TrainingFinished)


def test_a_training_goes_on_from_a_checkpoint(trainer, chunks, tmp_path):
    with trainer.start(JOB, MODEL) as training:
        first, checkpoint = follow(
            training,
            chunks,
            until=lambda report: isinstance(report, RoundEnded) and report.round == 2,
        )
    (tmp_path / "checkpoint").write_bytes(checkpoint)

    with trainer.start(JOB, MODEL, tmp_path / "checkpoint") as training:
        built, saved, ended, *_ = follow(training, chunks)[0]

    assert first[-1].round == 2
    assert built.resumed == 3
    assert (saved, ended.round) == ("checkpoint", 3)


def test_a_model_py_without_a_model_is_refused(trainer, chunks):
    with (
        pytest.raises(PermanentError, match=r"model\.py has no function `model`") as caught,
        trainer.start(JOB, b"x = 1\n") as training,
    ):
        follow(training, chunks)

    assert (caught.value.problem.stage, caught.value.problem.file) == ("train", "model.py")


def test_a_model_is_described_without_training_it(trainer):
    summary = trainer.check(MODEL, JOB)

    assert (summary.loss, summary.output_shape) == ("mean_squared_error", (1,))
