"""PyTorch modules on several devices learn what they learn on one; all devices are the processor."""

import subprocess
import sys

import numpy as np
import pytest

from mlaas4hep.core.requests.labelcolumns import LabelColumns

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's advice to its own developers

from tests.adapters.trainers.frameworks.torchdevices import (
    built,
    entries,
    learned,
    weights,
)

LONGEST_S = 120
PROGRAM = "tests.adapters.trainers.frameworks.torchdevices"


def network(layers="nn.Linear(idim, 8), nn.ReLU(), nn.Linear(8, 1)", more=""):
    return f"""
import torch
from torch import nn
from torch.nn import functional as F
def model(idim): return nn.Sequential({layers}).double()
{more}
"""


def own(made, returned, more="", kept=""):
    return f"""
import threading
import torch
from torch import nn
from torch.nn import functional as F
class Net(nn.Module):
    def __init__(self, idim):
        super().__init__()
        {made}
    def forward(self, x):
        {kept or "pass"}
        return {returned}
def model(idim): return Net(idim).double()
{more}
"""


CORRELATED = """
def loss(outputs, labels, columns):
    plain = F.binary_cross_entropy_with_logits(outputs, labels)
    away = outputs - outputs.mean()
    return plain + (away * (columns - columns.mean())).mean() ** 2 / (away ** 2).mean()
"""
WEIGHTED = "loss = nn.CrossEntropyLoss(weight=torch.tensor([0.0, 3.0]).double())"
CLIPPED = """
class Clipped(torch.optim.SGD):
    def step(self, closure=None):
        for group in self.param_groups:
            nn.utils.clip_grad_norm_(group["params"], 0.01)
        return super().step(closure)
def optimizer(parameters): return Clipped(parameters, lr=0.5)
def scheduler(optimizer): return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=99)
"""
OF_TWO = "nn.Linear(idim, 2)"
ALIKE = {
    "a plain one": network(),
    "a sum over entries": network(more="loss = nn.BCEWithLogitsLoss(reduction='sum')"),
    "classes with weights, one of them 0": network(OF_TWO, WEIGHTED),
    "one that finds its gradients itself": network(
        more="def optimizer(parameters): return torch.optim.LBFGS(parameters, 0.1, max_iter=3)"
    ),
    "clipped gradients and a scheduler of batches": network(more=CLIPPED),
    "one that knows its width late": network("nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(1)"),
    "outputs of shape (n,)": network("nn.Linear(idim, 1), nn.Flatten(0)"),
    "layer normalisation": network("nn.Linear(idim, 8), nn.LayerNorm(8), nn.Linear(8, 1)"),
    "one of steps": network("nn.Unflatten(1, (2, 2)), nn.LSTM(2, 3, batch_first=True), Last()").replace(
        "def model", "class Last(nn.Linear):\n    __init__ = lambda self: nn.Linear.__init__(self, 3, 1)\n"
        "    forward = lambda self, x: nn.Linear.forward(self, x[0][:, -1])\ndef model"
    ),
    "weights that two layers share": own(
        "self.a, self.b, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 1)\n"
        "        self.b.weight = self.a.weight",
        "self.last(F.relu(self.b(F.relu(self.a(x)))))",
    ),
    "frozen weights, and some that nothing uses": own(
        "self.a, self.last, self.no = nn.Linear(4, 4), nn.Linear(4, 1), nn.Linear(2, 2)\n"
        "        self.a.requires_grad_(False)",
        "self.last(F.relu(self.a(x)))",
    ),
    "rows that are looked up, with sparse gradients": own(
        "self.table, self.last = nn.Embedding(10, 3, sparse=True), nn.Linear(3, 1)",
        "self.last(self.table((x[:, 0] * 9).round().long()))",
        "def optimizer(parameters): return torch.optim.SGD(parameters, 0.5)",
    ),
    "a loss that looks at weights of the module": own(
        "global net; net = self; self.last = nn.Linear(4, 1)",
        "self.last(x)",
        "def loss(o, y):\n"
        "    return F.binary_cross_entropy_with_logits(o, y) + net.last.weight.square().sum()",
    ),
    "several outputs of which a loss sees all": own(
        "self.a, self.b = nn.Linear(4, 1), nn.Linear(4, 1)", "{'a': self.a(x), 'b': self.b(x)[:, 0]}",
        "loss = {'a': nn.BCEWithLogitsLoss(), 'b': nn.MSELoss()}",
    ),
}  # fmt: skip
SEVERAL = {"label_columns": LabelColumns(names=("one", "two"))}
BESIDE = {"label_columns": LabelColumns(names=(), beside=("mass",))}


def columns_of(block):
    return np.stack([block.y, block.x[:, 0]], axis=1)


@pytest.mark.parametrize("kind", ALIKE)
@pytest.mark.parametrize("devices", [2, 3])
def test_several_devices_learn_what_one_learns(tmp_path, capsys, kind, devices):
    job = SEVERAL if "several outputs" in kind else {}
    block = entries(y=columns_of(entries())) if job else entries()

    def on(number):
        model = built(tmp_path / "model.py", ALIKE[kind], number, **job)
        return learned(model, block)

    (one, figures), (several, same) = on(1), on(devices)

    np.testing.assert_allclose(several, one, rtol=0, atol=1e-9)
    assert same == pytest.approx(figures, abs=1e-6)
    assert f"{devices} devices train, and each takes a part" in capsys.readouterr().out


@pytest.mark.parametrize("batch_size", [4, 7, 21, 200])
def test_weights_of_entries_count_as_on_one_device_and_so_do_short_parts(tmp_path, batch_size):
    random = np.random.default_rng(1).random(107)
    signed = np.where(np.arange(107) < 53, 0, 3 * random - 0.5).astype(np.float32)

    def on(number):
        model = built(tmp_path / "model.py", network(), number, batch_size=batch_size)
        return learned(model, entries(weights=signed))

    (one, figures), (several, same) = on(1), on(3)

    np.testing.assert_allclose(several, one, rtol=0, atol=1e-9)
    assert same == pytest.approx(figures, abs=1e-6)


def test_a_loss_of_loss_columns_sees_the_whole_batch(tmp_path):
    block = entries(y=columns_of(entries()))

    def on(number):
        model = built(tmp_path / "model.py", network(more=CORRELATED), number, **BESIDE)
        return learned(model, block)[0]

    np.testing.assert_allclose(on(3), on(1), rtol=0, atol=1e-9)


def test_single_precision_differs_by_rounding(tmp_path):
    text = network(more="def optimizer(parameters): return torch.optim.SGD(parameters, 0.1)")

    one, two, three = (
        learned(built(tmp_path / "model.py", text.replace(".double()", ""), n), entries())[0]
        for n in (1, 2, 3)
    )

    np.testing.assert_allclose(two, one, rtol=0, atol=1e-6)
    np.testing.assert_allclose(three, one, rtol=0, atol=1e-6)


def test_a_batch_is_for_as_many_devices_as_have_two_rows_of_it(tmp_path, capsys):
    normalised = network("nn.Linear(idim, 8), nn.BatchNorm1d(8), nn.Linear(8, 1)")

    learned(built(tmp_path / "model.py", normalised, 3, batch_size=5), entries())

    told = capsys.readouterr().out
    assert "a batch_size of 5 is for 2 of 3 devices" in told
    assert "batch normalisation sees the rows of its own device; running means are the f" in told
    learned(built(tmp_path / "model.py", network(), 3, batch_size=1), entries())
    assert "devices train" not in capsys.readouterr().out


LAST = "self.last = nn.Linear(4, 1)"
ALONE = {
    "the module keeps 'seen' from one batch to the next": own(
        f"{LAST}; self.seen = torch.zeros(())", "self.last(x + self.seen)", "",
        "self.seen = self.seen + x.detach().mean()",
    ),
    "the module keeps 'last.given' from one batch to the next": own(
        LAST, "self.last(x)", "", "self.last.given = [x.detach()]"
    ),
    "a hook looks at the gradient of last.weight": own(
        f"{LAST}; self.last.weight.register_hook(lambda slope: slope.clamp(-1e-3, 1e-3))",
        "self.last(x)",
    ).replace(".double()", ""),
    "a hook of model.py sees what Linear does": own(
        f"{LAST}; self.last.register_forward_hook(lambda *_: None)", "self.last(x)"
    ),
    "the module cannot be copied: cannot pickle '_thread.lock' object": own(
        f"{LAST}; self.lock = threading.Lock()", "self.last(x)"
    ),
    "the module holds a DataParallel, which finds devices itself": own(
        "self.last = nn.DataParallel(nn.Linear(4, 1))", "self.last(x)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", ALONE)
def test_what_several_devices_would_learn_otherwise_trains_on_one_and_the_log_says_why(
    tmp_path, capsys, why
):
    one = learned(built(tmp_path / "model.py", ALONE[why], 1), entries())
    assert "one device" not in capsys.readouterr().out

    several = learned(built(tmp_path / "model.py", ALONE[why], 2), entries())

    assert f"one device trains: {why}" in capsys.readouterr().out
    np.testing.assert_array_equal(several[0], one[0])
    assert several[1] == one[1]


BUFFERED = own(
    f"{LAST}; self.register_buffer('seen', torch.zeros(()), persistent=False)\n"
    "        self.register_buffer('wide', torch.ones(1).expand(4))",
    "self.last(F.dropout(x, 0.3) * self.wide + self.seen)",
    "",
    "if self.training: self.seen = self.seen + x.detach().mean()",
)


def test_buffers_are_those_of_the_first_device(tmp_path, capsys):
    model = built(tmp_path / "model.py", BUFFERED, 2)

    learned(model, entries(), rounds=1)

    assert "2 devices train" in capsys.readouterr().out
    means = [
        rows[: -(-len(rows) // 2)].mean() for rows in np.split(entries().x, range(20, 107, 20))
    ]
    assert float(model.module.seen) == pytest.approx(sum(map(float, means)), abs=1e-5)


def program(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def test_a_killed_training_on_two_devices_goes_on_with_the_same_bits(tmp_path, capsys):
    path, kept = tmp_path / "model.py", tmp_path / "kept.npz"
    path.write_text(BUFFERED)

    with program(path, kept, 2, 10**6) as killed:
        while killed.stdout.readline() != "round 2\n":
            assert killed.poll() is None
        killed.kill()
    with np.load(kept) as left:
        rounds = int(left["rounds"])
        state = {"torch": left["torch"]}
    resumed, _ = program(path, kept, 2, rounds + 2).communicate(timeout=LONGEST_S)
    unharmed, _ = program(path, tmp_path / "other.npz", 2, rounds + 2).communicate(
        timeout=LONGEST_S
    )

    assert resumed.count("round") == 2
    assert resumed.splitlines()[-3:] == unharmed.splitlines()[-3:]
    alone = built(path, BUFFERED, 1)
    alone.restore(state)
    assert "goes on with 1 device(s) in place of 2: sums" in capsys.readouterr().out
    again = built(path, BUFFERED, 2)
    again.restore(state)
    assert "in place of" not in capsys.readouterr().out
    np.testing.assert_array_equal(weights(alone), weights(again))
