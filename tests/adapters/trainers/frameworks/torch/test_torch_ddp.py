"""Several devices of one process beside PyTorch's own processes: the same steps."""

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's advice to its own developers

from tests.adapters.trainers.frameworks.torchdevices import (
    built,
    entries,
    learned,
)

LONGEST_S = 240
PROGRAM = "tests.adapters.trainers.frameworks.torchddp"
ROWS, BATCH, ROUNDS = 100, 20, 3
TEXT = """
import torch
from torch import nn
def model(idim):
    return nn.Sequential(nn.Linear(idim, 8), LAYER, nn.ReLU(), nn.Linear(8, 1))
def optimizer(parameters): return torch.optim.OPTIMIZER
"""


@pytest.mark.parametrize(
    ("layer", "optimizer"),
    [
        ("nn.BatchNorm1d(8)", "SGD(parameters, 0.1, momentum=0.9)"),
        # with its own eps of 1e-8, Adam makes whole steps of gradients that are only rounding
        ("nn.LayerNorm(8)", "Adam(parameters, 0.01, eps=1e-3)"),
    ],
)
def test_two_devices_do_the_steps_of_two_processes_of_ddp(tmp_path, layer, optimizer):
    text = TEXT.replace("LAYER", layer).replace("OPTIMIZER", optimizer)
    model = built(tmp_path / "model.py", text, 2, batch_size=BATCH)
    block = entries(order=np.arange(ROWS, dtype=np.int32))
    x, y = torch.tensor(block.x[:ROWS]), torch.tensor(block.y[:ROWS, None])
    torch.save(model.module.state_dict(), tmp_path / "begin.pt")
    batches = [*zip(x.split(BATCH), y.split(BATCH), strict=True)] * ROUNDS
    torch.save(batches, tmp_path / "batches.pt")

    learned(model, block, ROUNDS)
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", PROGRAM, tmp_path, str(rank)], stderr=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]
    ended = [process.communicate(timeout=LONGEST_S)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], ended
    begun, theirs = (torch.load(tmp_path / f"{name}.pt") for name in ("begin", "end"))
    ours = model.module.state_dict()
    assert any((begun[name] - value).abs().max() > 0.01 for name, value in ours.items())
    for name, value in ours.items():
        np.testing.assert_allclose(value, theirs[name], rtol=0, atol=1e-6, err_msg=name)
