import io
import json

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child import checkpoint
from mlaas4hep.adapters.trainers.child.checkpoint import Position
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Block
from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.requests.fitting import Fitting
from tests.adapters.trainers.frameworks.contract import FrameworkContract
from tests.adapters.trainers.frameworks.resuming import taken_up

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's advice to its own developers


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
    models = {
        "binary": network("nn.BatchNorm1d(16), nn.Linear(16, 1)"),
        "multiclass": network("nn.Linear(16, 3)"),
        "regression": network(
            "nn.Linear(16, 1), nn.Flatten(0)",
            "loss = nn.MSELoss()\n"
            "def scheduler(optimizer):\n"
            "    return torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.9)",
        ),
    }
    wrong = {
        "import torch\ndef model(): return torch.nn.Linear": "returns the class Linear, not a PyT",
        "import torch\ndef model(): return 3": "returns a int, not a PyTorch module",
        "import torch\ndef model(): return torch.nn.Linear(7, 1)": "does not take rows of 4 numbers",
        "import torch\ndef model(): return torch.nn.ReLU()": "no parameters that can learn",
        network("nn.Linear(16, 1)", "loss = nn.CrossEntropyLoss()"): "gives 1 number, which Cross",
        network("nn.Linear(16, 1)", "loss = 3"): "`loss` is a int, not a loss",
        network("nn.Linear(16, 1)", "def scheduler(o): return 3"): "`scheduler` gives a int",
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
        network("nn.Linear(16, 1)", "def loss(o, y): return 1.0"): "gives a float, not a tensor",
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

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"split": 0.0, "fitting": STOPPING}, "watches 'val_loss'"),
            ({"fitting": Fitting(callbacks=(("EarlyStopping", '{"monitor": "auc"}'),))}, "'auc'"),
            ({"batch_size": 1}, "needs more than one entry in a batch"),
        ],
    )
    def test_what_would_end_in_the_training_is_refused_before_it(self, train, params, message):
        with pytest.raises(TrainingError, match=message) as caught:
            train("binary", params=params)

        assert caught.value.hint

    def test_a_scheduler_that_ends_too_early_says_how_many_steps_there_are(self, train):
        cycle = "torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=3)"
        text = network("nn.Linear(16, 1)", f"def scheduler(o): return {cycle}")

        with pytest.raises(TrainingError, match="`scheduler` ends before the training") as caught:
            train("binary", text).finish()

        assert "epochs times batches" in caught.value.hint

    def test_numbers_that_are_no_classes_are_refused_with_how_to_number_them(self, train):
        training = train("multiclass", labels=(11.0, 13.0, 15.0))

        with pytest.raises(TrainingError, match="label 11 does not fit") as caught:
            training.model.check_labels(np.array([11, 13], np.float32))

        assert "(id == 13) + 2 * (id == 15)" in caught.value.hint

    @pytest.mark.parametrize("labels", [(0, 1), (-1, 1), (0.5, 2)])
    def test_a_loss_that_labels_chose_comes_back_with_a_checkpoint(self, train, labels):
        text = network("nn.Linear(16, 1)")
        told, resumed = (train("binary", text, labels=()).model for _ in range(2))
        told.check_labels(np.array(labels, np.float32))

        resumed.restore(told.state())

        resumed.check_labels(np.array(labels, np.float32))
        assert (resumed.target.name, resumed.target.compares) == (
            told.target.name,
            told.target.compares,
        )

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

    @pytest.mark.parametrize(
        ("arguments", "halved"),  # after how many of these rounds Keras 3 has halved it
        [
            ({"patience": 1, "cooldown": 1}, [3, 4, 5, 6, 7, 9, 10, 11]),
            ({"patience": 2, "cooldown": 2}, [4, 7, 10]),
            ({"patience": 0, "cooldown": 3}, [3, 6, 9]),
            ({"patience": 2}, [4, 6, 10]),
        ],
    )
    def test_the_learning_rate_falls_where_keras_lets_it_fall(self, train, arguments, halved):
        asked = (("ReduceLROnPlateau", json.dumps({"factor": 0.5, **arguments})),)
        model = train("regression", params={"fitting": Fitting(callbacks=asked)}).model
        group = model._steps.optimizer.param_groups[0]
        rates = [group["lr"]]

        for number, loss in enumerate((3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1)):
            model._callbacks.end_round(number, {"val_loss": loss})
            rates.append(group["lr"])

        assert [number for number in range(1, 12) if rates[number] < rates[number - 1]] == halved

    def test_a_checkpoint_of_a_release_without_callbacks_changes_nothing(self, train):
        model, other = train("regression").model, train("regression").finish().model
        content = io.BytesIO(other.state()["torch"].tobytes())
        kept = torch.load(content, weights_only=True)
        del kept["callbacks"]
        torch.save(kept, content := io.BytesIO())
        before = {name: values.clone() for name, values in model.module.state_dict().items()}

        with pytest.raises(KeyError):
            model.restore({"torch": np.frombuffer(content.getvalue(), np.uint8)})

        for name, values in model.module.state_dict().items():
            assert torch.equal(values, before[name])

    def test_callbacks_of_params_json_stop_early_and_bring_the_best_weights_back(
        self, train, tmp_path
    ):
        asked = (
            ("EarlyStopping", '{"patience": 2, "restore_best_weights": true, "min_delta": 0.001}'),
            ("ReduceLROnPlateau", '{"patience": 1, "factor": 0.1}'),
        )

        def make(**how):
            text = self.models["regression"].replace("lr=0.02", "lr=0.3")
            params = {"epochs": 60, "fitting": Fitting(callbacks=asked)}
            return train("regression", text, params=params, **how)

        whole = make().finish()
        losses = [metrics["val_loss"] for metrics in whole.history]
        labels, outputs = whole.predictions()
        assert len(losses) < 60
        assert whole.model._steps.optimizer.param_groups[0]["lr"] < 0.03
        best = whole.model._callbacks._waiting[0].best
        assert np.mean((outputs[:, 0] - labels) ** 2) == pytest.approx(best, rel=1e-4)
        assert losses[-1] > best - 0.001

        again, resumed = taken_up(make, tmp_path / "c.npz", len(losses) - 2)
        assert again.history == whole.history
        np.testing.assert_array_equal(resumed.predictions()[1], outputs)
