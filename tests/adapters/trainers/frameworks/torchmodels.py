"""Texts of model.py for PyTorch."""

import pytest

from mlaas4hep.core.requests.fitting import Fitting

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")


def network(last, more=""):
    return f"""
import torch
from torch import nn

def model(idim):
    return nn.Sequential(nn.Linear(idim, 16), nn.ReLU(), nn.Dropout(0.05), {last})

def optimizer(parameters):
    return torch.optim.Adam(parameters, lr=0.02)
{more}
"""


OF_LOGITS = "def loss(o, y): return nn.functional.binary_cross_entropy_with_logits(o, y)"


OF_ONE_HOT = "def loss(o, y): return ((o - y) ** 2).mean()"


BESSEL = """
import torch

class Bessel(torch.nn.Module):  # which ONNX does not have
    def forward(self, x):
        return torch.special.bessel_j0(x)
"""


OF_WEIGHTS = """
def loss(o, y, weights=None):
    each = nn.functional.binary_cross_entropy_with_logits(o, y, reduction="none")[:, 0]
    return (each * weights).mean()
"""


STOPPING = Fitting(callbacks=(("EarlyStopping", '{"patience": 1}'),))


EXPONENTIAL = """
class Ones(nn.Linear):
    def __init__(self):
        super().__init__(16, 1)
        nn.init.zeros_(self.weight), nn.init.zeros_(self.bias)

    def forward(self, x):
        return super().forward(x).exp()

"""


REMEMBERING = """
import torch

class Net(torch.nn.Linear):
    KEPT

def model(idim): return Net(idim, 1)
"""


KEPT = {
    "a mask": "def __init__(self, i, o):\n        super().__init__(i, o)\n"
    "        self.register_buffer('seen', torch.full((3,), float('-inf')))",
    "a dict": "get_extra_state = lambda self: {'a': 1}\n"
    "    def set_extra_state(self, state): assert state == {'a': 1}",
}


LOOKED_UP = """
    def __init__(self, idim):
        super().__init__()
        self.table, self.last = torch.nn.Embedding(10, 3), torch.nn.Linear(idim, 1)
    def forward(self, x):
        return self.last(x) + self.table((x[:, 0] * 9).round().long()).sum(1, keepdim=True)

def model(idim): return Table(idim)
"""


#: task to a model that learns it
MODELS = {
    "binary": network("nn.BatchNorm1d(16), nn.Linear(16, 1)"),
    "multiclass": network("nn.Linear(16, 3)"),
    "regression": network(
        "nn.Linear(16, 1), nn.Flatten(0)",
        "loss = nn.MSELoss()\n"
        "def scheduler(optimizer):\n"
        "    return torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.9)",
    ),
}


def with_heads(returned, more=""):
    return f"""
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, idim):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(idim, 16), nn.ReLU())
        self.of_classes, self.two, self.one = nn.Linear(16, 2), nn.Linear(16, 2), nn.Linear(16, 1)
    def forward(self, x):
        h = self.body(x)
        return {returned}

def model(idim):
    return Net(idim)

def optimizer(parameters):
    return torch.optim.Adam(parameters, lr=0.02)
{more}
"""


TUPLE = with_heads(
    "self.of_classes(h), self.one(h).flatten()", "loss = nn.CrossEntropyLoss(), nn.MSELoss()"
)
