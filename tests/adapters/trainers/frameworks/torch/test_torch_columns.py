"""PyTorch modules that learn several labels: a row of numbers, or several heads."""

from functools import partial

import numpy as np
import onnxruntime
import pytest

from mlaas4hep.adapters.runtimes.native import load as native
from mlaas4hep.adapters.trainers.child.assessment import evaluation
from mlaas4hep.adapters.trainers.child.assessment.results import Results
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.requests.request import MetricsRequest
from tests.adapters.trainers.frameworks import columns
from tests.adapters.trainers.frameworks.resuming import taken_up
from tests.adapters.trainers.frameworks.torchmodels import BESSEL, TUPLE, network, with_heads

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's advice to its own developers
bce, mse = torch.nn.BCEWithLogitsLoss(), torch.nn.MSELoss()
cross_entropy = torch.nn.CrossEntropyLoss()

MULTILABEL = network("nn.Linear(16, 2)", "loss = nn.BCEWithLogitsLoss()").replace("0.05", "0.0")
VECTOR = MULTILABEL.replace("BCEWithLogitsLoss()", "MSELoss")
OF_ONES_OWN = MULTILABEL.replace(
    "loss = nn.BCEWithLogitsLoss()",
    "def loss(o, y): return 3 * nn.functional.binary_cross_entropy_with_logits(o, y)",
)
NAMED = with_heads(
    "{'tags': self.two(h), 'mass': self.one(h)}",
    "loss = {'mass': nn.MSELoss(), 'tags': nn.BCEWithLogitsLoss}",
)
WHOLE = with_heads(
    "{'tags': torch.sigmoid(self.two(h)), 'mass': self.one(h)}",
    "def loss(o, y):\n"
    "    tags = nn.functional.binary_cross_entropy(o['tags'], y[:, :2])\n"
    "    return tags + 0.1 * ((o['mass'] - y[:, 2:]) ** 2).mean()",
)
CLASS = WHOLE.replace("def loss(o, y):", "class loss(nn.Module):\n  def forward(self, o, y):")
FLAVOURS, THREE = ("isB", "isC"), ("isB", "isC", "mass")
OUTPUTS = (("tags", 2), ("mass", 1))
#: model.py, label columns, by output, and the loss of a plain loop of PyTorch
CASES = {
    "multilabel": (MULTILABEL, FLAVOURS, (), bce),
    "said by task": (MULTILABEL.replace("loss =", "_ ="), FLAVOURS, (), bce),
    "own": (OF_ONES_OWN, FLAVOURS, (), lambda o, y: 3 * bce(o, y)),
    "vector": (VECTOR, ("mass", "height"), (), mse),
    "tuple": (
        TUPLE,
        ("isB", "mass"),
        (),
        lambda o, y: cross_entropy(o[0], y[:, 0].long()) + mse(o[1][:, None], y[:, 1:]),
    ),
    "named": (
        NAMED,
        THREE,
        OUTPUTS,
        lambda o, y: bce(o["tags"], y[:, :2]) + mse(o["mass"], y[:, 2:]),
    ),
    "whole": (
        WHOLE,
        THREE,
        OUTPUTS,
        lambda o, y: (
            torch.nn.functional.binary_cross_entropy(o["tags"], y[:, :2])
            + 0.1 * mse(o["mass"], y[:, 2:])
        ),
    ),
}
CASES["class"] = (CLASS, *CASES["whole"][1:])  # fmt: skip


@pytest.fixture
def train(tmp_path):
    def train(case, done=0, **params):
        text, names, outputs, _ = case if isinstance(case, tuple) else CASES[case]
        params = {"task": "binary"} | params if case == "said by task" else params
        return columns.training(
            "torch", tmp_path / "model.py", text, names, outputs, done=done, params=params
        )

    return train


@pytest.mark.parametrize("case", CASES)
def test_weights_and_losses_are_those_of_a_plain_loop(train, case):
    training = train(case, epochs=3, shuffle=False)
    torch.manual_seed(training.job.params.seed)
    module = training.build().module
    x, y = map(torch.from_numpy, columns.gathered(training))
    optimizer, loss = torch.optim.Adam(module.parameters(), lr=0.02), CASES[case][3]
    losses = []
    for _ in range(3):
        total = 0.0
        for start in range(0, len(x), 20):
            optimizer.zero_grad()
            value = loss(module(x[start : start + 20]), y[start : start + 20])
            value.backward()
            optimizer.step()
            total += value.item() * len(x[start : start + 20])
        losses.append(total / len(x))

    training.finish()

    assert [each["loss"] for each in training.history] == pytest.approx(losses, rel=1e-4)
    for mine, theirs in zip(training.model.module.parameters(), module.parameters(), strict=True):
        np.testing.assert_allclose(mine.detach(), theirs.detach(), atol=1e-4)


@pytest.mark.parametrize("case", CASES)
def test_each_label_has_figures_of_its_own_and_the_bundle_gives_what_was_learned(
    train, case, tmp_path
):
    training = train(case, epochs=12, metrics=MetricsRequest(wanted=True)).finish()
    results = Results(training.model, training.job)
    results.collect(training.data.chunks(results.chunks))

    found = dict(evaluation.metrics(results.figures(training.labels)))

    assert [goal.label for goal in training.labels.goals] == [*CASES[case][1]]
    for goal in training.labels.goals:
        if goal.label.startswith("is"):
            assert found[f"test_{goal.label}_auc"] > 0.9
        else:
            assert found[f"test_{goal.label}_rmse"] < 0.5
    block = columns.everything(training)
    expected = training.model.predict(block)
    assert expected.shape == (len(block.x), *training.model.summary.output_shape)
    of_classes = np.concatenate(
        [expected[:, goal.numbers] for goal in training.labels.goals if goal.label[:2] == "is"] or
        [np.zeros((1, 1))], axis=1,
    )  # fmt: skip
    assert 0 <= of_classes.min() <= of_classes.max() <= 1
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    exported = training.model.export(bundle, block.x[:100])
    assert {one.file for one in exported.conversions} == {"model.onnx", "model.torchscript"}
    session = onnxruntime.InferenceSession(bundle / "model.onnx")
    (given,) = session.run(["scores"], {session.get_inputs()[0].name: block.x})
    np.testing.assert_allclose(given, expected, atol=1e-5)


def test_what_does_not_convert_is_served_by_pytorch(train, tmp_path):
    text = BESSEL + NAMED.replace("nn.ReLU()", "nn.ReLU(), Bessel()")
    training = train((text, THREE, OUTPUTS, None), epochs=1).finish()
    block = columns.everything(training)
    training.model.export(tmp_path, block.x[:100])

    (entry,) = native.load(tmp_path, "model.torch", "", "").values()

    np.testing.assert_allclose(
        entry.run({"input": block.x})["scores"], training.model.predict(block), rtol=1e-6
    )


def test_accuracies_are_told_by_label(train):
    told = train("named", epochs=8).finish().history[-1]

    assert {"isB_accuracy", "isC_accuracy", "val_isB_accuracy"} <= told.keys()
    assert told["isB_accuracy"] > 0.8
    assert "mass_accuracy" not in told


def test_a_training_that_was_killed_ends_with_the_same_bits(train, tmp_path):
    whole, resumed = taken_up(partial(train, "named", epochs=4), tmp_path / "c.npz", 2)

    assert resumed.history == whole.history[2:]


def test_a_loss_of_all_heads_may_want_weights_where_entries_have_none(train):
    wanting = CLASS.replace("(self, o, y):", "(self, o, y, weights):").replace(
        "return tags +", "assert (weights == 1).all() and len(weights) == len(y)\n    return tags +"
    )

    found = train((wanting, THREE, OUTPUTS, None), epochs=1).finish().history

    assert found == train("class", epochs=1).finish().history


def test_what_does_not_fit_is_refused_with_what_to_write(train, subtests):
    without = MULTILABEL.replace("loss =", "_ =")
    for text, names, outputs, says in (
        (MULTILABEL, THREE, (), r"gives 2 number\(s\) for 3 label columns"),
        (MULTILABEL.replace("BCEWithLogitsLoss", "CrossEntropyLoss"), FLAVOURS, (), "CrossEntropy"),
        (without, FLAVOURS, (), "defines no `loss`, and there are several label columns"),
        (NAMED, THREE, (("tug", 2), ("mass", 1)), "has the outputs tags, mass"),
        (NAMED, THREE, (), "labels are for 3 column"),
        (NAMED.replace("'mass': nn", "'muss': nn"), THREE, OUTPUTS, "2 losses .*muss"),
        (TUPLE.replace(", nn.MSELoss()", ","), ("isB", "mass"), (), "has 1 losses"),
        (TUPLE, ("isB",), (), "gives 2 tensors .* there is one label"),
        (with_heads("()"), FLAVOURS, (), "gives an empty tuple"),
        (with_heads("self.two(h), 3"), FLAVOURS, (), "gives an int, not a tensor"),
    ):
        with subtests.test(says), pytest.raises(TrainingError, match=says) as caught:
            train((text, names, outputs, None))
        assert caught.value.hint
    with pytest.raises(
        TrainingError, match=r"label .* in column 'mass' does not fit BCEWithLogits"
    ):
        train((MULTILABEL, ("isB", "mass"), (), None)).finish()
