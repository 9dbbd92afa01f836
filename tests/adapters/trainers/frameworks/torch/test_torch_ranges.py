"""What a module of PyTorch can give, whatever is learned, and labels that are none of it."""

import pytest

from mlaas4hep.core.models.outputrange import never_given
from tests.adapters.trainers.frameworks.contract import FrameworkFixtures
from tests.adapters.trainers.frameworks.torchmodels import MODELS, network

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's advice to its own developers


class TestTorchRanges(FrameworkFixtures):
    name = "torch"
    models = MODELS

    @pytest.mark.parametrize("loss", ["", "loss = nn.MSELoss()"])
    def test_values_that_a_last_sigmoid_never_gives_are_told_once_they_were_seen(self, train, loss):
        text = network("nn.Linear(16, 1), nn.Sigmoid()", loss)

        training = train("regression", text, params={"epochs": 1}).finish()

        (told,) = never_given(training.model.summary.ranges, training.labels.seen)
        assert told.startswith("the module ends with a sigmoid, a softmax or the like, which never")

    @pytest.mark.parametrize(
        ("task", "last"),
        [("regression", "nn.Linear(16, 1)"), ("binary", "nn.Linear(16, 1), nn.Sigmoid()")],
    )
    def test_any_numbers_and_classes_have_no_ends(self, train, task, last):
        training = train(task, network(last), params={"epochs": 1}).finish()

        assert training.model.summary.ranges == ()
