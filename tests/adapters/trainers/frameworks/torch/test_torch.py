from importlib.util import find_spec

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child import checkpoint
from mlaas4hep.adapters.trainers.child.checkpoint import Position
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Block
from mlaas4hep.core.data.weighting import TrainingWeights
from tests.adapters.trainers.frameworks.contract import FrameworkContract
from tests.adapters.trainers.frameworks.torchmodels import (
    BESSEL,
    EXPONENTIAL,
    KEPT,
    LOOKED_UP,
    MODELS,
    OF_LOGITS,
    OF_ONE_HOT,
    OF_WEIGHTS,
    REMEMBERING,
    network,
    torch,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's advice to its own developers


def _plain_epoch(training, epoch):
    """Do an epoch of a training as one would by hand; return its loss and the validation's."""
    module, loss = training.model.module, training.model.target.loss
    optimizer, data, size = training.model._steps.optimizer, training.data, 20

    def compared(block, rows):
        o, y = module(torch.from_numpy(block.x[rows])), torch.from_numpy(block.y[rows, None])
        if block.weights is None:
            return loss(o, y), len(rows), len(rows)
        weights = torch.from_numpy(block.weights[rows])
        each = torch.nn.functional.binary_cross_entropy_with_logits(o, y, reduction="none")[:, 0]
        total = (each * weights).sum()
        is_sum = loss.reduction == "sum"
        return total if is_sum else total / len(rows), len(rows), float(weights.sum())

    def mean(found):
        losses, rows, weights = np.array(found).T
        return (losses * rows).sum() / weights.sum()

    module.train()
    learned = []
    for block in data.blocks(data.chunk_order(epoch), epoch):
        for start in range(0, len(block.order), size):
            value, rows, weight = compared(block, block.order[start : start + size])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            learned.append((float(value), rows, weight))
    module.eval()
    tested = []
    with torch.no_grad():
        for block in data.validation_blocks():
            for start in range(0, len(block.order), size):
                value, rows, weight = compared(block, block.order[start : start + size])
                tested.append((float(value), rows, weight))
    return mean(learned), mean(tested)


class TestTorch(FrameworkContract):
    name = "torch"
    native = "model.torch"
    unconvertible = {
        task: f"{BESSEL}{network(f'Bessel(), nn.Linear(16, {width})')}"
        for task, width in (("binary", 1), ("multiclass", 3), ("regression", 1))
    }
    models = MODELS
    wrong = {
        "import torch\ndef model(): return torch.nn.Linear": "returns the class Linear, not a PyT",
        "import torch\ndef model(): return 3": "returns an int, not a PyTorch module",
        "import torch\ndef model(): return torch.nn.Linear(7, 1)": "does not take rows of 4 numbers",
        "import torch\ndef model(): return torch.nn.ReLU()": "no parameters that can learn",
        network("nn.Linear(16, 1)", "loss = nn.CrossEntropyLoss()"): "gives 1 number, which Cross",
        network("nn.Linear(16, 1)", "loss = 3"): "`loss` is a int, not a loss",
        network("nn.Linear(16, 1)", "def scheduler(o): return 3"): "`scheduler` gives an int",
        network("nn.Linear(16, 1)", "def loss(o): return 3"): "TypeError: loss",
        network("nn.Unflatten(1, (4, 4))"): r"gives shape \(256, 4, 4\) for 256 entries",
        network("nn.Linear(16, 1), nn.Sigmoid()", "loss = nn.BCEWithLogitsLoss()"): "already",
        network("nn.Linear(16, 3), nn.Softmax(1)", "loss = nn.CrossEntropyLoss()"): "already",
        network("nn.Linear(16, 1), nn.Softmax(1)"): "softmax over one number is 1 for every entry",
        network("nn.Linear(16, 3)", "loss = nn.NLLLoss()"): "NLLLoss does not fit outputs that are",
        network("nn.Linear(16, 1)", "loss = nn.BCELoss()"): "BCELoss does not fit outputs that are",
        network("nn.Linear(16, 1)", "loss = nn.HingeEmbeddingLoss()"): "cannot compare 1 number",
        network(
            "nn.Linear(16, 1)", "def loss(o, y): return ((o.squeeze() - y) ** 2).mean()"
        ): "compares each output with the labels of all entries",
        network(
            "nn.Linear(16, 1)", "def loss(o, y): return torch.tensor(1.0)"
        ): "does not depend on outputs",
        network(
            "nn.Linear(16, 1)", "def loss(o, y): return torch.zeros(3, 3, requires_grad=True)"
        ): "does not depend on outputs",
        network("nn.Linear(16, 1)", "def loss(o, y): return 1.0"): "gives a float, not a tensor",
        network("Above()").replace(
            "def model",
            "class Above(nn.Linear):\n    def __init__(self): super().__init__(16, 1)\n"
            "    def forward(self, x): return super().forward(x) > 0\ndef model",
            1,
        ): r"gives numbers of type torch\.bool, through which it cannot learn",
        network(
            "nn.Linear(16, 1)",
            "class loss(nn.Module): s = property(lambda s: 1)\n"
            "def optimizer(p): return torch.optim.Adam(p)\n"
            "loss = nn.PReLU()",
        ): "`loss` has parameters of its own",
        network(
            "nn.Linear(16, 1)", "criterion = nn.MSELoss()"
        ): "defines `criterion` and no `loss`",
        "import torch\ndef model(idim):\n    made = torch.nn.Linear(idim, 1)\n"
        "    torch.nn.init.zeros_(made.weight), torch.nn.init.constant_(made.bias, 0.3)\n"
        "    return made": "outputs are the same for all entries",
        network("nn.Linear(16, 1)", "callbacks = [3]"): "`callbacks` are Keras's",
        network("nn.Linear(16, 1)", "optimizer = 'adam'"): "`optimizer` is a str, not a function",
        network(
            "nn.Linear(16, 1)",
            "class Lit(nn.Linear):\n    def training_step(self, batch, n): return 0\n"
            "def model(idim): return Lit(idim, 1)",
        ): "has a `training_step` of its own",
    }

    def test_a_missing_package_is_answered_with_those_that_are_here(self, train):
        with pytest.raises(TrainingError, match="No module named 'nowhere'") as refused:
            train("binary", "import torch, nowhere\n")

        named = refused.value.hint.removeprefix("there are ").split(", numpy")[0].split(", ")
        assert "torch" in named
        assert all(find_spec(each) for each in named)

    def test_an_output_that_is_1_only_as_parameters_begin_is_not_refused(self, train):
        text = network("Ones()").replace("def model", EXPONENTIAL + "def model")

        assert train("regression", text).model.summary.output_shape == (1,)

    @pytest.mark.parametrize(
        ("loss", "last", "more", "task"),
        [
            ("BCEWithLogitsLoss", "nn.Linear(16, 1)", "", "binary"),
            ("BCELoss", "nn.Linear(16, 1), nn.Sigmoid()", "", "binary"),
            ("MSELoss", "nn.Linear(16, 1)", "", "regression"),
            ("CrossEntropyLoss", "nn.Linear(16, 3)", "", "multiclass"),
            ("NLLLoss", "nn.Linear(16, 3), nn.LogSoftmax(1)", "", "multiclass"),
            ("LogOfProbabilities", "nn.Linear(16, 3), nn.Softmax(1)", "", "multiclass"),
            ("BCELoss", "nn.Linear(16, 3), nn.Sigmoid()", "", "multiclass"),
            ("MultiMarginLoss", "nn.Linear(16, 3)", "loss = nn.MultiMarginLoss", "multiclass"),
            ("MSELoss", "nn.Linear(16, 3)", "loss = nn.MSELoss()", "multiclass"),
            ("loss", "nn.Linear(16, 1)", OF_LOGITS, "binary"),
            ("loss", "nn.Linear(16, 3)", OF_ONE_HOT, "multiclass"),
        ],
    )
    def test_each_loss_gets_the_labels_that_it_compares(self, train, loss, last, more, task):
        for labels in ({}, {"labels": ()}):  # known before, or not
            training = train(task, network(last, more), **labels).finish()

            truth, outputs = training.predictions()
            assert training.model.target.name == loss
            assert training.labels.task == task
            if task == "binary":
                assert 0 <= outputs.min() < 0.5 < outputs.max() <= 1
                assert np.mean((outputs[:, 0] > 0.5) == truth) > 0.85
            elif task == "multiclass":
                assert np.mean(outputs.argmax(axis=1) == truth) > 0.6

    def test_the_bundle_holds_torchscript_that_gives_the_same_scores(self, train, tmp_path):
        training = train("binary").finish()
        chunk = next(training.data.chunks([0]))
        training.model.export(tmp_path, chunk.x[:200])

        rest = np.arange(200, len(chunk.x), dtype=np.int32)
        expected = training.model.predict(Block(x=chunk.x, y=chunk.labels, order=rest))
        script = torch.jit.load(tmp_path / "model.torchscript")
        got = script(torch.from_numpy(chunk.x[200:])).detach().numpy()

        np.testing.assert_allclose(got, expected, atol=1e-5)

    @pytest.mark.parametrize(
        ("loss", "factor"),
        [
            ("nn.BCEWithLogitsLoss()", None),
            ("nn.BCEWithLogitsLoss()", -0.25),
            ("nn.BCEWithLogitsLoss(reduction='sum')", None),
            ("nn.BCEWithLogitsLoss(reduction='sum')", 3.0),
            ("lambda o, y: nn.functional.binary_cross_entropy_with_logits(o, y) ** 2", None),
        ],
    )
    def test_losses_and_weights_are_those_of_a_plain_loop_over_the_same_batches(
        self, train, loss, factor
    ):
        text = network("nn.BatchNorm1d(16), nn.Linear(16, 1)", f"loss = {loss}")
        given = ((0.0, 1.0), (1.0, factor or 1.0))
        weights = TrainingWeights(is_used=factor is not None, classes=given)
        training = train("binary", text, params={"epochs": 2}, weights=weights).finish()

        plain = train("binary", text, params={"epochs": 2}, weights=weights)
        losses = [_plain_epoch(plain, epoch) for epoch in range(2)]

        got = [(metrics["loss"], metrics["val_loss"]) for metrics in training.history]
        np.testing.assert_allclose(got, losses, rtol=1e-5)
        for ours, theirs in zip(
            training.model.module.state_dict().values(),
            plain.model.module.state_dict().values(),
            strict=True,
        ):
            torch.testing.assert_close(ours, theirs)

    @pytest.mark.parametrize("loss", [OF_WEIGHTS, OF_WEIGHTS.replace("=None", "")])
    def test_a_loss_may_take_the_weights_itself(self, train, loss):
        heavy = TrainingWeights(is_used=True, classes=((0.0, 1.0), (1.0, 30.0)))
        text, params = network("nn.Linear(16, 1)", loss), {"epochs": 1}

        given = train("binary", text, params=params, weights=heavy).finish()
        built_in = network("nn.Linear(16, 1)", "loss = nn.BCEWithLogitsLoss()")
        done = train("binary", built_in, params=params, weights=heavy).finish()

        assert given.history == [pytest.approx(metrics, rel=1e-5) for metrics in done.history]
        np.testing.assert_allclose(given.predictions()[1], done.predictions()[1], atol=1e-5)

    def test_outputs_that_are_compared_with_all_labels_are_refused(self, train):
        text = network("nn.Linear(16, 2)", "def loss(o, y): return ((o[:, 0] - y) ** 2).mean()")

        with pytest.raises(TrainingError, match="with the labels of all entries"):
            train("regression", text, params={"task": "regression"})
        train("regression", text.replace("o[:, 0]", "o[:, :1]"), params={"task": "regression"})

    def test_weights_that_a_loss_does_not_take_are_refused_before_anything_is_read(self, train):
        with pytest.raises(TrainingError, match="gives one number for a batch"):
            train(
                "binary",
                network("nn.Linear(16, 1)", OF_LOGITS),
                weights=TrainingWeights(is_used=True),
            )

    @pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
    def test_modules_may_keep_what_is_no_weight(self, train, kept, tmp_path):
        text, params = REMEMBERING.replace("KEPT", kept), {"epochs": 1, "batch_size": 100}
        training = train("binary", text, params=params).finish()

        position = Position(rounds=1, history=())
        checkpoint.save(tmp_path / "c.npz", training.model, position, "print")
        again = train("binary", text, params=params)

        assert checkpoint.restore(tmp_path / "c.npz", again.model, "print") == position
        np.testing.assert_array_equal(again.predictions()[1], training.predictions()[1])

    def test_columns_may_be_looked_up(self, train):
        text = "import torch\nclass Table(torch.nn.Module):\n" + LOOKED_UP

        training = train("binary", text, params={"epochs": 1}).finish()

        assert training.history

    def test_numbers_that_are_no_classes_are_refused_with_how_to_number_them(self, train):
        training = train("multiclass", labels=(11.0, 13.0, 15.0))

        with pytest.raises(TrainingError, match="label 11 does not fit") as caught:
            training.model.check_labels(np.array([11, 13], np.float32))

        assert "(id == 13) + 2 * (id == 15)" in caught.value.hint

    def test_weights_of_entries_count_in_the_loss(self, train):
        training = train("binary")
        block = next(iter(training.data.training()))

        def tested(order, weights=None):
            training.model.test(Block(x=block.x, y=block.y, order=order, weights=weights))
            return training.model.metrics()

        first = block.order[:5]
        only_first = np.zeros(len(block.x), np.float32)
        only_first[first] = 2

        assert tested(block.order, only_first) == pytest.approx(tested(first), rel=1e-4)

    def test_labels_that_the_first_ones_did_not_announce_are_refused_with_what_to_write(
        self, train
    ):
        training = train("binary", labels=())
        training.model.check_labels(np.array([0, 1], np.float32))

        with pytest.raises(TrainingError, match="label 3 does not fit BCEWithLogitsLoss") as caught:
            training.model.check_labels(np.array([3], np.float32))

        assert '"task": "regression"' in caught.value.hint

    def test_one_entry_that_is_left_alone_does_not_stop_batch_normalisation(self, train):
        training = train("binary", params={"batch_size": 3, "training": "chunked", "split": 0.0})

        assert training.finish().history

    def test_a_training_that_diverges_is_not_published(self, train):
        text = network("nn.Linear(16, 1)").replace("lr=0.02", "lr=1e30")

        with pytest.raises(TrainingError, match=r"the (val )?loss became (nan|inf)|became NaN"):
            train("regression", text).finish()
