"""Losses of PyTorch that see columns which nothing else does."""

import numpy as np
import onnxruntime
import pytest

from mlaas4hep.adapters.trainers.child.assessment import evaluation
from mlaas4hep.adapters.trainers.child.assessment.results import Results
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.requests.request import MetricsRequest
from tests.adapters.trainers.frameworks import columns
from tests.adapters.trainers.frameworks.torchmodels import TUPLE, network

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's advice to its own developers


DISCO = """
def pairwise(values):
    distance = (values - values.T).abs()
    return distance - distance.mean(0) - distance.mean(1, keepdim=True) + distance.mean()

def correlation(one, other):
    a, b = pairwise(one), pairwise(other)
    return (a * b).mean() / torch.sqrt((a * a).mean() * (b * b).mean())
"""


DECORRELATED = DISCO + network(
    "nn.Linear(16, 1)",
    "def loss(outputs, labels, columns):\n"
    "    assert columns.shape == (len(labels), 2) and labels.shape == (len(labels), 1)\n"
    "    scores = torch.sigmoid(outputs)\n"
    "    return (nn.functional.binary_cross_entropy_with_logits(outputs, labels)\n"
    "            + 2.0 * correlation(scores, columns[:, :1]))",
)


def with_loss_columns(tmp_path, text, names=("isB",), beside=("mass", "height"), **how):
    how = {"params": {"epochs": 8, "metrics": MetricsRequest(wanted=True)}, **how}
    return columns.training("torch", tmp_path / "model.py", text, names, beside=beside, **how)


def test_a_loss_sees_loss_columns_which_nothing_else_does(tmp_path):
    training = with_loss_columns(tmp_path, DECORRELATED).finish()
    plain = with_loss_columns(tmp_path, DECORRELATED.replace("2.0 *", "0.0 *")).finish()

    def told(one):
        results = Results(one.model, one.job)
        results.collect(one.data.chunks(results.chunks))
        return dict(evaluation.metrics(results.figures(one.labels)))

    def follows_mass(one):
        block = columns.everything(one)
        scores = one.model.predict(block)
        assert scores.min() >= 0 and scores.max() <= 1  # noqa: PT018 - logits were understood
        return abs(np.corrcoef(scores[:, 0], block.y[:, 1])[0, 1])

    assert training.labels.task == "binary"
    assert told(training)["test_auc"] > 0.85
    assert follows_mass(training) < follows_mass(plain) - 0.1
    block = columns.everything(training)
    training.model.export(tmp_path, block.x[:100])
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (given,) = session.run(["scores"], {"input": block.x})
    np.testing.assert_allclose(given, training.model.predict(block), atol=1e-5)


def test_one_loss_of_several_may_take_loss_columns_and_weights(tmp_path):
    one = (
        "def of_mass(o, y, columns, weights):\n"
        "    assert columns.shape == weights.shape[:1] + (1,)\n"
        "    return (weights[:, None] * columns * (o - y) ** 2).mean()\n"
    )
    text = one + TUPLE.replace("nn.MSELoss()", "of_mass")

    training = with_loss_columns(tmp_path, text, ("isB", "mass"), ("height",)).finish()
    other = with_loss_columns(tmp_path, TUPLE, ("isB", "mass"), ()).finish()

    assert training.history[-1]["isB_accuracy"] > 0.8
    assert training.history != other.history


@pytest.mark.parametrize(
    ("loss", "beside", "says"),
    [
        ("loss = nn.BCEWithLogitsLoss()", ("mass",), r"no `loss` takes the loss_columns .*\(mass"),
        ("", ("mass",), "no `loss` takes the loss_columns"),
        (
            "def loss(o, columns): return ((o - columns) ** 2).mean()",
            ("mass",),
            "no `loss` takes the loss_columns",
        ),
        (
            "def loss(o, y, columns): return ((o - y * columns) ** 2).mean()",
            (),
            "`loss` takes columns, and params.json names no",
        ),
    ],
)
def test_loss_columns_that_no_loss_takes_are_refused(tmp_path, loss, beside, says):
    text = network("nn.Linear(16, 1)", loss)

    with pytest.raises(TrainingError, match=says) as caught:
        with_loss_columns(tmp_path, text, beside=beside)

    assert caught.value.hint
