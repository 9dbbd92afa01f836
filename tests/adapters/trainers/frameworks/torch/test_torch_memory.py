"""What PyTorch modules remember beside their weights is there again when a training is taken up."""

from functools import partial

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from tests.adapters.trainers.frameworks.resuming import taken_up
from tests.adapters.trainers.frameworks.trainings import Training

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's advice to its own developers

NETWORK = """
import collections
import random
import numpy
import torch

class Seen:
    def __init__(self):
        self.mean = torch.zeros(())

class Loss:
    def __init__(self):
        self.seen = [torch.zeros(())]
    def __call__(self, outputs, labels):
        value = ((outputs - labels) ** 2).mean()
        self.seen[0] += value.detach()
        return value / self.seen[0]

class LossModule(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))
    def forward(self, outputs, labels):
        value = ((outputs - labels) ** 2).mean()
        self.seen += value.detach()
        return value / self.seen

class Net(torch.nn.Module):
    def __init__(self, idim):
        super().__init__()
        self.last = torch.nn.Linear(idim, 1)
        BEGIN

    def forward(self, x):
        if self.training:
            STEP
        return self.last(x)

def model(idim): return Net(idim)
"""
REMEMBERED = {
    "a tensor": ("self.seen = torch.zeros(1)", "self.seen += 1; x = x + 0.01 * self.seen"),
    "a tensor that is not there at first": (
        "self.seen = None",
        "self.seen = x.mean() + (0 if self.seen is None else self.seen); x = x * self.seen.detach()",
    ),
    "a buffer that is not stored": (
        'self.register_buffer("seen", torch.zeros(1), persistent=False)',
        "self.seen += 1; x = x + 0.01 * self.seen",
    ),
    "tensors in a list": (
        "self.seen = []",
        "self.seen.append(x.mean().detach()); x = x + 0.01 * sum(self.seen[-3:])",
    ),
    "tensors in dicts of dicts": (
        "self.seen = {'a': {1: torch.zeros(1)}}",
        "self.seen['a'][1] += 1; x = x + 0.01 * self.seen['a'][1]",
    ),
    "a queue of a length": (
        "self.seen = collections.deque(maxlen=2)",
        "self.seen.append(x.mean().item()); x = x + 0.01 * sum(self.seen)",
    ),
    "an array of NumPy": (
        "self.seen = numpy.zeros(2)",
        "self.seen += 1; x = x + 0.01 * float(self.seen[0])",
    ),
    "an object of its own": (
        "self.seen = Seen()",
        "self.seen.mean = 0.9 * self.seen.mean + x.mean().detach(); x = x + 0.1 * self.seen.mean",
    ),
    "a loss of its own": ("global loss; loss = Loss()", "pass"),
    "a loss that is a module": ("global loss; loss = LossModule()", "pass"),
    "a number": ("self.steps = 0", "self.steps += 1; x = x + 0.01 * self.steps"),
    "a generator": (
        "self.chance = torch.Generator().manual_seed(1)",
        "x = x + 0.1 * torch.rand(x.shape, generator=self.chance)",
    ),
    "NumPy's chance": ("pass", "x = x + 0.1 * numpy.random.rand()"),
    "Python's chance": ("pass", "x = x + 0.1 * random.random()"),
}


@pytest.fixture
def train(tmp_path):
    def train(text, **how):
        return Training("torch", tmp_path / "model.py", text, "regression", **how)

    return train


@pytest.mark.parametrize(("begin", "step"), REMEMBERED.values(), ids=REMEMBERED)
def test_a_training_that_is_taken_up_ends_with_the_same_bits(train, begin, step, tmp_path):
    text = NETWORK.replace("BEGIN", begin).replace("STEP", step)

    whole, resumed = taken_up(partial(train, text), tmp_path / "c.npz", 2)

    np.testing.assert_array_equal(resumed.predictions()[1], whole.predictions()[1])


def test_a_tensor_that_others_look_at_stays_where_it_is(train):
    text = NETWORK.replace("BEGIN", "self.look = self.last.weight.data").replace("STEP", "pass")
    model = train(text, params={"epochs": 1}).finish().model
    again = train(text, params={"epochs": 1}).model

    again.restore(model.state())

    assert again.module.look.data_ptr() == again.module.last.weight.data_ptr()


def test_a_script_is_refused_before_anything_is_read(train):
    text = NETWORK.replace("BEGIN", "pass").replace("STEP", "pass")
    text = text.replace(
        "return Net(idim)", "return torch.jit.trace(Net(idim), torch.rand(2, idim))"
    )

    with pytest.raises(TrainingError, match="TorchScript, which cannot be served"):
        train(text)


def test_a_module_that_works_in_place_is_exported(train, tmp_path):
    text = NETWORK.replace("BEGIN", "pass").replace("STEP", "pass")
    text = text.replace("return self.last(x)", "return self.last(x.sub_(0.5).relu_())")
    training = train(text, params={"epochs": 1}).finish()
    sample = np.random.default_rng(0).random((50, training.model.summary.input_width), np.float32)
    before = sample.copy()

    training.model.export(tmp_path, sample)

    assert (tmp_path / "model.onnx").exists()
    np.testing.assert_array_equal(sample, before)
