"""Rounds of PyTorch: schedulers, callbacks, and checkpoints between them."""

import io
import json

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.requests.fitting import Fitting
from tests.adapters.trainers.frameworks.contract import FrameworkFixtures
from tests.adapters.trainers.frameworks.resuming import taken_up
from tests.adapters.trainers.frameworks.torchmodels import (
    MODELS,
    STOPPING,
    network,
    torch,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's advice to its own developers


class TestTorchRounds(FrameworkFixtures):
    name = "torch"
    models = MODELS

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
