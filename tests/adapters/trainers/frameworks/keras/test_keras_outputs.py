"""Keras models that learn several labels: one row of numbers, or several outputs."""

import json
from functools import partial

import numpy as np
import onnxruntime
import pytest

from mlaas4hep.adapters.trainers.child.assessment import evaluation
from mlaas4hep.adapters.trainers.child.assessment.results import Results
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.requests.request import MetricsRequest
from tests.adapters.trainers.frameworks import columns
from tests.adapters.trainers.frameworks.resuming import taken_up
from tests.adapters.trainers.frameworks.trainings import ENTRIES

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's advice to the authors of models

HEAD = "import keras\nfrom keras import layers, ops\n"
METRICS = MetricsRequest(wanted=True)


def model(outputs, loss, more=""):
    return (
        f"{HEAD}def model(idim):\n"
        "    x = layers.Input((idim,))\n"
        "    h = layers.Dense(16, 'relu')(x)\n"
        f"    m = keras.Model(x, {outputs})\n"
        f"    m.compile(keras.optimizers.Adam(0.02), {loss}{more})\n"
        "    return m\n"
    )


MULTILABEL = model("layers.Dense(2, 'sigmoid')(h)", "'binary_crossentropy'")
LISTED = model(
    "[layers.Dense(2, 'softmax', name='flavour')(h), layers.Dense(1, name='mass')(h)]",
    "{'flavour': 'sparse_categorical_crossentropy', 'mass': 'mse'}",
)
NAMED = model(
    "{'zz': layers.Dense(2)(h), 'mass': layers.Dense(1)(h)}",
    "{'zz': keras.losses.BinaryCrossentropy(from_logits=True), 'mass': 'mse'}",
    ", loss_weights={'zz': 1.0, 'mass': 0.5}",
)
VECTOR = model("layers.Dense(2)(h)", "'mse'")


@pytest.fixture
def train(keras_framework, tmp_path):
    return partial(columns.training, "keras", tmp_path / "model.py")


CASES = {
    "multilabel": (MULTILABEL, ("isB", "isC"), (), 2),
    "vector": (VECTOR, ("mass", "isB"), (), 2),
    "listed": (LISTED, ("isB", "mass"), (("flavour", 1), ("mass", 1)), 3),
    "named": (NAMED, ("mass", "isB", "isC"), (("mass", 1), ("zz", 2)), 3),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def test_losses_and_weights_are_those_of_keras_fit(train, case):
    text, names, outputs, _ = case
    training = train(text, names, outputs, params={"epochs": 3, "shuffle": False})
    again, target = training.rebuilt(), training.model.target

    training.finish()

    sets = []
    for blocks in (training.data.training(), training.data.validation()):
        taken = [(block.x[block.order], block.y[block.order]) for block in blocks]
        x, y = (np.concatenate(each) for each in zip(*taken, strict=True))
        sets.append((x, target.shaped(y)))
    fitted = again.fit(
        *sets[0], validation_data=sets[1], epochs=3, batch_size=20, shuffle=False, verbose=0
    ).history
    assert fitted.keys() == training.history[0].keys()
    for name, values in fitted.items():
        # `fit` means losses of single outputs over batches, whatever their size
        tolerance = 1e-5 if name in ("loss", "val_loss") else 0.01
        assert [each[name] for each in training.history] == pytest.approx(values, abs=tolerance), (
            name
        )
    for mine, theirs in zip(training.model.keras.weights, again.weights, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


def test_each_label_has_figures_of_its_own_and_the_bundle_gives_what_was_learned(
    train, case, tmp_path
):
    text, names, outputs, width = case
    params = {"epochs": 12, "metrics": METRICS}
    training = train(text, names, outputs, params=params).finish()
    block = columns.everything(training)
    results = Results(training.model, training.job)
    results.collect(training.data.chunks(results.chunks))

    figures = results.figures(training.labels)

    found = dict(evaluation.metrics(figures))
    assert {goal.label for goal in training.labels.goals} == set(names)
    for goal in training.labels.goals:
        if goal.task == "regression":
            assert found[f"test_{goal.label}_rmse"] < 0.5
        else:
            assert found[f"test_{goal.label}_auc"] > 0.9
    results.write(tmp_path / "plots", figures, [*training.history], training.labels)
    quality = json.loads((tmp_path / "plots" / "quality.json").read_text())
    assert quality.keys() == {
        f"{part}/{name}" for part in ("test", "val", "train") for name in names
    }
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    exported = training.model.export(bundle, block.x[:100])
    assert {one.file for one in exported.conversions} == {"model.tflite", "model.onnx"}
    session = onnxruntime.InferenceSession(bundle / "model.onnx")
    order = [name for name, _ in training.model.summary.outputs] or ["scores"]
    given = np.concatenate(session.run(order, {session.get_inputs()[0].name: block.x}), axis=1)
    assert given.shape == (ENTRIES, width)
    np.testing.assert_allclose(given, training.model.predict(block), atol=1e-5)


def test_a_training_that_was_killed_ends_with_the_same_bits(train, tmp_path):
    text, names, outputs, _ = CASES["named"]

    whole, resumed = taken_up(partial(train, text, names, outputs), tmp_path / "c.npz", 2)

    for one, other in zip(
        resumed.model.keras.get_weights(), whole.model.keras.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


DISCO = model(
    "{'out': layers.Dense(1, 'sigmoid')(h)}",
    "loss, metrics=['accuracy']",
).replace(
    "    m = keras",
    "    def loss(y, out):\n"
    "        label, mass = y[:, :1], y[:, 1:]\n"
    "        apart = ops.mean((out - ops.mean(out)) * (mass - ops.mean(mass)))\n"
    "        return keras.losses.binary_crossentropy(label, out) + 30 * apart ** 2\n"
    "    m = keras",
)


def test_columns_that_only_the_loss_sees_keep_the_score_apart_from_them(train):
    apart = train(DISCO, ("isB",), beside=("mass",), params={"epochs": 8, "metrics": METRICS})
    plain = train(
        DISCO.replace("30 *", "0 *"), ("isB",), beside=("mass",),
        params={"epochs": 8, "metrics": METRICS},
    )  # fmt: skip
    together = []
    for training in (apart, plain):
        training.finish()
        block = columns.everything(training)
        scores = training.model.predict(block)
        together.append(np.corrcoef(scores[:, 0], block.y[:, 1])[0, 1])
        assert training.labels.task == "binary"
        assert training.history[-1]["accuracy"] > 0.7  # of the label alone

    assert scores.shape == (ENTRIES, 1)
    assert abs(together[0]) < together[1] - 0.05


def test_what_does_not_fit_is_refused_with_what_to_write(train, subtests):
    of_classes = MULTILABEL.replace("binary_", "sparse_categorical_")
    for text, names, outputs, says in (
        (MULTILABEL, ("isB", "isC", "mass"), (), "2 wide, and loss 'binary_crossentropy' cannot"),
        (of_classes, ("isB", "isC"), (), "cannot compare it with 2 label columns"),
        (LISTED, ("isB", "isC", "mass"), (), "labels are for 3 column"),
        (LISTED, ("isB", "mass"), (("flavor", 1), ("mass", 1)), "has the outputs flavour, mass"),
        (VECTOR, ("isB", "mass"), (("flavour", 1), ("mass", 1)), "labels are for flavour, mass"),
    ):
        with subtests.test(says), pytest.raises(TrainingError, match=says) as caught:
            train(text, names, outputs)
        assert caught.value.hint
    training = train(MULTILABEL, ("isB", "mass"))
    with pytest.raises(TrainingError, match="does not fit loss 'binary_crossentropy'"):
        training.finish()


NOT_COMPILED = MULTILABEL.replace("    m.compile", "    #")


@pytest.mark.parametrize("last", ["layers.Dense(2)(h)", "layers.Dense(2, 'sigmoid')(h)"])
def test_several_labels_of_0_and_1_are_learned_by_a_model_that_is_not_compiled(train, last):
    text = NOT_COMPILED.replace("layers.Dense(2, 'sigmoid')(h)", last)

    training = train(text, ("isB", "isC"), params={"task": "binary", "epochs": 12}).finish()

    assert [goal.task for goal in training.labels.goals] == ["binary", "binary"]
    outputs = training.model.predict(columns.everything(training))
    assert 0 <= outputs.min() < outputs.max() <= 1
    held_out = list(training.data.validation())
    right = [
        (training.model.predict(block) > 0.5) == (block.y[block.order] > 0.5) for block in held_out
    ]
    told = training.history[-1]["val_accuracy"]
    assert told == pytest.approx(np.concatenate(right).mean(), abs=1e-6)
