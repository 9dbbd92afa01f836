"""What every `Trainer` does, whether it runs model.py or only pretends to."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.loading import installed
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
from mlaas4hep.core.requests.fitting import Fitting
from mlaas4hep.core.requests.frameworks import info
from mlaas4hep.core.requests.request import Params
from mlaas4hep.errors import PermanentError
from mlaas4hep.ports import Trainer

KERAS = b"""
import keras

def model(idim):
    made = keras.Sequential([keras.Input((idim,)), keras.layers.Dense(1, activation="sigmoid")])
    made.compile("adam", "mean_squared_error")
    return made
"""
TORCH = b"""
import torch

loss = torch.nn.MSELoss()

def model(idim):
    return torch.nn.Sequential(torch.nn.Linear(idim, 1), torch.nn.Sigmoid())
"""
SKLEARN = b"""
from sklearn.linear_model import SGDRegressor

def model(idim):
    return SGDRegressor()
"""
XGBOOST = b"""
import xgboost

def model():
    return xgboost.XGBRegressor(n_estimators=4)
"""
LIGHTGBM = b"""
import lightgbm

def model():
    return lightgbm.LGBMRegressor(n_estimators=4, verbose=-1)
"""
JOB = TrainingJob(
    name="luca_1", params=Params(epochs=2, batch_size=20, split=0.0), columns=3, chunks=2
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A trainer, and a model.py for it."""

    trainer: Trainer
    model: bytes
    rounds: int = 4  #: two epochs of two chunks, or four trees
    loss: str = "mean_squared_error"


CASES = {
    "memory": ("", Case(trainer=MemoryTrainer(), model=KERAS)),
    "keras": ("keras", Case(trainer=Sandbox(checkpoint_seconds=0), model=KERAS)),
    "torch": ("torch", Case(trainer=Sandbox(checkpoint_seconds=0), model=TORCH, loss="MSELoss")),
    "sklearn": ("sklearn", Case(trainer=Sandbox(checkpoint_seconds=0), model=SKLEARN, rounds=2)),
    "xgboost": (
        "xgboost",
        Case(trainer=Sandbox(checkpoint_seconds=0), model=XGBOOST, loss="reg:squarederror"),
    ),
    "lightgbm": (
        "lightgbm",
        Case(trainer=Sandbox(checkpoint_seconds=0), model=LIGHTGBM, loss="regression"),
    ),
}


@pytest.fixture(params=CASES)
def case(request):
    framework, case = CASES[request.param]
    if framework and framework not in installed():
        pytest.skip(f"the extra `{info(framework).extra}` is not installed")
    return case


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


def test_a_training_tells_its_rounds_in_order_each_after_its_checkpoint(case, chunks):
    with case.trainer.start(JOB, case.model) as training:
        told, _ = follow(training, chunks)

    built, *rounds = told[: 1 + 2 * case.rounds]
    assert isinstance(built, ModelBuilt)
    assert built.resumed == 0
    assert built.summary.input_width == JOB.columns
    assert rounds[0::2] == ["checkpoint"] * case.rounds
    assert [ended.round for ended in rounds[1::2]] == [*range(case.rounds)]
    assert all(dict(ended.metrics)["loss"] > 0 for ended in rounds[1::2])
    *files, finished = told[1 + 2 * case.rounds :]
    assert files
    assert all(name.startswith("bundle/") for name in files)
    assert isinstance(finished, TrainingFinished)


def test_a_training_goes_on_from_a_checkpoint(case, chunks, tmp_path):
    with case.trainer.start(JOB, case.model) as training:
        first, checkpoint = follow(
            training,
            chunks,
            until=lambda report: isinstance(report, RoundEnded) and report.round == case.rounds - 2,
        )
    (tmp_path / "checkpoint").write_bytes(checkpoint)

    with case.trainer.start(JOB, case.model, tmp_path / "checkpoint") as training:
        built, saved, ended, *_ = follow(training, chunks)[0]

    assert first[-1].round == case.rounds - 2
    assert built.resumed == case.rounds - 1
    assert (saved, ended.round) == ("checkpoint", case.rounds - 1)


FIRST_IS_BEST = '{"min_delta": 10, "patience": 1, "restore_best_weights": true}'
STOPPING = {
    "keras": KERAS,
    "torch": TORCH,
    "xgboost": XGBOOST.replace(b"=4", b"=200, learning_rate=2.5, early_stopping_rounds=3"),
    "lightgbm": LIGHTGBM.replace(b"=4", b"=200, learning_rate=2.5, early_stopping_round=3"),
}


@pytest.mark.parametrize("framework", STOPPING)
def test_a_training_that_goes_back_to_its_best_round_tells_the_figures_of_that(framework, chunks):
    if framework not in installed():
        pytest.skip(f"the extra `{info(framework).extra}` is not installed")
    asked = (("EarlyStopping", FIRST_IS_BEST),) if framework in {"keras", "torch"} else ()
    job = replace(JOB, params=Params(epochs=2, split=0.3, fitting=Fitting(callbacks=asked)))
    with Sandbox(checkpoint_seconds=0).start(job, STOPPING[framework]) as training:
        told, _ = follow(training, chunks)

    *_, finished = told
    rounds = [dict(each.metrics) for each in told if isinstance(each, RoundEnded)]
    best = 0 if asked else int(np.argmin([each["val_loss"] for each in rounds]))
    assert best < len(rounds) - 1
    assert rounds[best]["val_loss"] != rounds[-1]["val_loss"]
    assert {name: dict(finished.metrics)[name] for name in rounds[best]} == rounds[best]


def test_a_model_py_without_a_model_is_refused(case, chunks):
    with (
        pytest.raises(PermanentError, match=r"model\.py has no function `model`") as caught,
        case.trainer.start(JOB, b"x = 1\n") as training,
    ):
        follow(training, chunks)

    assert (caught.value.problem.stage, caught.value.problem.file) == ("train", "model.py")


def test_a_model_is_described_without_training_it(case):
    summary = case.trainer.check(case.model, JOB)

    assert (summary.loss, summary.output_shape) == (case.loss, (1,))
