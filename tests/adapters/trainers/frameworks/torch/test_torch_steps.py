"""How the weights of PyTorch modules move, and what predictions of an entry depend on."""

import numpy as np
import onnxruntime
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Block
from tests.adapters.trainers.frameworks.trainings import Training

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's advice to its own developers

HOOKED = """
def optimizer(parameters):
    made = torch.optim.SGD(parameters, lr=1.0)
    held = [each for group in made.param_groups for each in group["params"]]
    def clip(*_):
        torch.nn.utils.clip_grad_norm_(held, 1e-9)
    made.register_step_pre_hook(clip)
    return made
"""
OF_ONES_OWN = """
class Clipped(torch.optim.SGD):
    def step(self, closure=None):
        for group in self.param_groups:
            torch.nn.utils.clip_grad_value_(group["params"], 1e-9)
        return super().step(closure)

def optimizer(parameters): return Clipped(parameters, lr=1.0)
"""
WITHOUT_FUNCTION = OF_ONES_OWN.replace("closure=None", "").replace("(closure)", "()")
HALF = "\ndef optimizer(parameters): return torch.optim.SGD([*parameters][:1], lr=0.1)\n"
ANOTHER = (
    "\ndef optimizer(parameters): return torch.optim.SGD(torch.nn.Linear(2, 1).parameters(), 0.1)\n"
)
RISING = """
def scheduler(optimizer):
    return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max")
"""


def network(returned, more="", outputs=1):
    return f"""
import torch

class Net(torch.nn.Module):
    def __init__(self, idim):
        super().__init__()
        self.last = torch.nn.Linear(idim, {outputs})
    def forward(self, x):
        return {returned}

def model(idim): return Net(idim)
{more}
"""


PLAIN = "self.last(x)"


@pytest.fixture
def train(tmp_path):
    def train(text, task="binary"):
        return Training("torch", tmp_path / "model.py", text, task, params={"epochs": 1})

    return train


def weights(model):
    return np.concatenate([each.detach().numpy().ravel() for each in model.module.parameters()])


@pytest.mark.parametrize("clipping", [HOOKED, OF_ONES_OWN, WITHOUT_FUNCTION])
def test_gradients_are_there_when_somebody_wants_to_clip_them(train, clipping):
    training = train(network(PLAIN, clipping))
    before = weights(training.model)

    training.finish()

    np.testing.assert_allclose(weights(training.model), before, atol=1e-6)
    plain = train(network(PLAIN, HOOKED.replace("1e-9", "1e9"))).finish()
    assert abs(weights(plain.model) - before).max() > 0.1


def test_an_optimizer_that_asks_for_the_gradients_itself_gets_them(train):
    lbfgs = "def optimizer(parameters): return torch.optim.LBFGS(parameters, lr=0.1, max_iter=2)"

    history = train(network(PLAIN, lbfgs)).finish().history

    assert history[-1]["val_loss"] < 0.69


def test_an_optimizer_that_moves_nothing_of_the_module_is_refused(train):
    with pytest.raises(TrainingError, match="moves no weight of the module") as caught:
        train(network(PLAIN, ANOTHER))

    assert "optimizer(parameters)" in caught.value.hint


def test_weights_that_the_optimizer_leaves_alone_are_told(train):
    told = train(network(PLAIN, HALF)).model.summary.warnings

    assert told == ("`optimizer` of model.py leaves last.bias as they are",)
    assert train(network(PLAIN)).model.summary.warnings == ()


def test_a_scheduler_that_waits_for_a_rising_loss_is_refused(train):
    with pytest.raises(TrainingError, match="of which less is better") as caught:
        train(network(PLAIN, RISING))

    assert "params.json" in caught.value.hint


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        ("self.last(x + 0.1 * torch.randn_like(x))", "other numbers for the same entries each"),
        ("self.last(x - x.mean(0))", "depends on the entries beside it"),
        ("self.last(x / x.std(0))[: len(x) if len(x) > 1 else 1 / 0]", "not take one entry alone"),
    ],
)
def test_predictions_that_depend_on_more_than_their_entry_are_told(train, returned, says):
    (told,) = train(network(returned)).model.summary.warnings

    assert says in told


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_module_that_squeezes_its_outputs_predicts_one_entry_as_it_does_many(
    train, outputs, tmp_path
):
    text = network("self.last(x).squeeze()", outputs=outputs)
    training = train(text, "binary" if outputs == 1 else "multiclass").finish()
    chunk = next(training.data.chunks([0]))

    def predicted(rows):
        return training.model.predict(
            Block(x=chunk.x, y=chunk.labels, order=np.arange(rows, dtype=np.int32))
        )

    many = predicted(40)
    assert many.shape == (40, outputs)
    np.testing.assert_allclose(predicted(1), many[:1], atol=1e-6)
    assert training.model.summary.warnings == ()
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    training.model.export(bundle, chunk.x[:100])
    session = onnxruntime.InferenceSession(bundle / "model.onnx")
    for rows in (1, 40):
        (given,) = session.run(["scores"], {"input": chunk.x[:rows]})
        np.testing.assert_allclose(given, many[:rows], atol=1e-5)


def test_a_module_that_changes_its_inputs_changes_nothing_else(train):
    training = train(network("self.last(x.mul_(2))")).finish()
    chunk = next(training.data.chunks([0]))
    everything = Block(x=chunk.x, y=chunk.labels, order=np.arange(40, dtype=np.int32))

    first, again = (training.model.predict(everything) for _ in range(2))

    np.testing.assert_array_equal(first, again)


PROJECTED = """
import torch

class Net(torch.nn.Module):
    def __init__(self, idim):
        super().__init__()
        self.steps = torch.nn.LSTM(1, 6, batch_first=True, proj_size=3)
        self.last = torch.nn.Linear(3, 1)
    def forward(self, x):
        return self.last(self.steps(x.unsqueeze(-1))[0][:, -1])

def model(idim): return Net(idim)
"""


def test_a_module_that_does_not_convert_says_so_in_one_line(train, tmp_path, capfd):
    model = train(PROJECTED).model
    (tmp_path / "bundle").mkdir()
    capfd.readouterr()

    export = model.export(tmp_path / "bundle", np.random.default_rng(0).random((9, 4), np.float32))

    assert [each.file for each in export.not_made] == ["model.onnx"]
    told = capfd.readouterr()
    assert "graph(" not in told.out + told.err
    assert [line[:25] for line in told.out.splitlines()] == ["mlaas4hep: no model.onnx:"]


def test_a_module_of_double_precision_becomes_onnx_in_single_where_it_must(train, tmp_path, capfd):
    recurrent = PROJECTED.replace("proj_size=3", "").replace("Linear(3", "Linear(6")
    model = train(recurrent.replace("Net(idim)", "Net(idim).double()")).model
    (tmp_path / "bundle").mkdir()
    sample = np.random.default_rng(0).random((9, 4), np.float32)
    capfd.readouterr()

    export = model.export(tmp_path / "bundle", sample)

    assert not export.not_made
    assert "no model.onnx" not in capfd.readouterr().out
    session = onnxruntime.InferenceSession(tmp_path / "bundle" / "model.onnx")
    (got,) = session.run(None, {"input": sample})
    block = Block(x=sample, y=sample[:, 0], order=np.arange(9, dtype=np.int32))
    np.testing.assert_allclose(got, model.predict(block), rtol=0, atol=1e-6)


@pytest.mark.skipif(torch.cuda.is_available(), reason="here a module can be put on a GPU")
@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_module_that_puts_itself_on_a_gpu_is_told_who_does_that(train, device):
    with pytest.raises(TrainingError, match=r"model.py, line 11") as caught:
        train(network(PLAIN).replace("return Net(idim)", f"return Net(idim).to({device!r})"))

    assert "without .cuda(), .to(…)" in caught.value.hint
