"""What model.py gives to `torch.compile` trains as it was before: nothing compiles in the sandbox."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.sandbox import Sandbox
from mlaas4hep.core.models.training import ModelBuilt, TrainingJob
from mlaas4hep.core.requests.request import Params
from tests.adapters.trainers.frameworks.trainings import Training

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's advice to its own developers

TEXT = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, idim):
        super().__init__()
        self.body = INNER(nn.Sequential(nn.Linear(idim, 8), nn.ReLU()))
        self.last = nn.Linear(8, 1)
    def forward(self, x):
        return doubled(self.last(self.body(x)))

FUNCTION
def doubled(x):
    return 2 * x

def model(idim):
    made = Net(idim)
    ITSELF
    return OUTER(made)
"""
PLAIN = {"INNER": "", "OUTER": "", "ITSELF": "", "FUNCTION": ""}


def text(**more):
    made = TEXT
    for name, written in {**PLAIN, **more}.items():
        made = made.replace(name, written)
    return made


@pytest.mark.parametrize(
    "compiled",
    [
        {"OUTER": "torch.compile"},
        {"INNER": "torch.compile"},
        {"ITSELF": "made.body.compile()"},
        {"INNER": "torch.compile", "OUTER": "torch.compile", "ITSELF": "made.compile()"},
    ],
)
def test_compiled_modules_learn_what_they_are_and_become_every_file(tmp_path, capfd, compiled):
    def trained(written):
        training = Training("torch", tmp_path / "model.py", written, "binary", params={"epochs": 1})
        return training.finish()

    plain, made = trained(text()), trained(text(**compiled))

    assert "torch.compile is left away" in capfd.readouterr().out
    weights = made.model.module.state_dict()
    assert weights.keys() == plain.model.module.state_dict().keys()
    for name, values in plain.model.module.state_dict().items():
        np.testing.assert_array_equal(weights[name], values)
    (tmp_path / "bundle").mkdir()
    sample = np.random.default_rng(0).random((9, 4), np.float32)
    assert not made.model.export(tmp_path / "bundle", sample).not_made


def test_compiled_functions_are_called_as_they_are_where_nothing_may_compile():
    job = TrainingJob(name="luca_1", params=Params(framework="torch"), columns=3, chunks=1)
    written = text(FUNCTION="@torch.compile", OUTER="torch.compile")

    with Sandbox().start(job, written.encode()) as training:
        assert isinstance(training.report(120), ModelBuilt)
