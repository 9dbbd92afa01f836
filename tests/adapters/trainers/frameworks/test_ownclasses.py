"""Classes of model.py that are used like estimators, and are none of scikit-learn's kind."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.data.weighting import TrainingWeights
from tests.adapters.trainers.frameworks.estimators import UNTOLD
from tests.adapters.trainers.frameworks.trainings import Training

pytest.importorskip("sklearn", reason="the extra `sklearn` is not installed")


@pytest.fixture
def train(tmp_path):
    def train(task, text, **how):
        return Training("sklearn", tmp_path / "model.py", text, task, **how)

    return train


def test_a_classifier_that_is_not_told_the_classes_learns_in_steps_too(train):
    training = train("multiclass", UNTOLD, labels=(), params={"epochs": 2}).finish()

    right, given = training.predictions()
    assert len(training.history) == 2
    assert given.shape == (len(right), 3)
    np.testing.assert_allclose(given.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("lost", [".T)[0] + 0", ".T)[:5]", ".T).sum()"])
def test_another_number_of_rows_than_entries_is_refused(train, lost):
    text = UNTOLD.replace("(near / near.sum(axis=0)).T", f"((near / near.sum(axis=0)){lost}")

    with pytest.raises(TrainingError, match=r"model\.py: Centre gives shape \(.*\) for \d+ ent"):
        train("binary", text).finish()


def test_a_class_of_ones_own_learns_nothing_before_the_training(train):
    text = UNTOLD.replace("class Centre:", "class Centre:\n    fits = []  # of all copies")
    text = text.replace("in np.unique(y):", "in np.unique(y):\n            self.fits.append(1)")

    training = train("binary", text)
    before = [*training.model.estimator.fits]
    training.finish()

    assert before == []
    assert training.model.estimator.fits


def test_what_cannot_be_stored_is_told_before_it_is_lost(train):
    text = UNTOLD.replace("{}, {}", "{}, {}\n        self.steps_to_come = (n for n in ())")

    with pytest.raises(TrainingError, match=r"model\.py: Centre cannot be stored: .*generator"):
        train("binary", text).finish().model.state()


def test_weights_go_into_what_it_learns_by(train):
    heavy = {"weights": TrainingWeights(is_used=True, classes=((0.0, 0.0), (1.0, 2.0)))}
    in_fit = UNTOLD.replace("fit(self, x, y):", "fit(self, x, y, sample_weight):", 1)
    in_steps = UNTOLD.replace("partial_fit(self, x, y):", "partial_fit(self, x, y, sample_weight):")
    kept = in_steps.replace(
        "        for label", "        self.told = sample_weight\n        for label", 1
    )

    with pytest.raises(TrainingError, match="Centre learns by partial_fit, which takes no weights"):
        train("binary", in_fit, **heavy)
    training = train("binary", kept, **heavy).finish()

    assert set(training.model.estimator.told.tolist()) == {0.0, 2.0}


def test_why_a_class_of_ones_own_has_no_onnx_file_is_said_in_words(train, tmp_path):
    training = train("binary", UNTOLD).finish()
    (tmp_path / "bundle").mkdir()

    (told,) = training.model.export(tmp_path / "bundle", np.zeros((5, 4), np.float32)).not_made

    assert told.reason.startswith(
        "Centre is a class of model.py, and there are converters only for"
    )
    assert "Keras or PyTorch" in told.reason
