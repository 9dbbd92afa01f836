import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's advice to the authors of models

HEAD = "import keras\nfrom keras.layers import Activation, Dense, Input, Lambda\n"


def sequential(layers, loss="'binary_crossentropy'", optimizer="'adam'"):
    return (
        f"{HEAD}def model(idim):\n"
        f"    made = keras.Sequential([{layers}])\n"
        f"    made.compile({optimizer}, {loss})\n"
        "    return made\n"
    )


ANCESTOR = """
from keras.models import Sequential
from keras.layers import Dense, Activation

def model(idim):
    "Simple Keras model for testing purposes"
    ml_model = Sequential([
        Dense(32, input_shape=(idim,)),
        Activation('relu'),
        Dense(2),
        Activation('softmax'),
    ])
    ml_model.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
    return ml_model
"""
OWN_KIND = f"""{HEAD}
class Mine(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = Dense(1)
    def call(self, x):
        return self.last(x)

def model(idim):
    made = Mine()
    made.compile('adam', 'mse')
    return made
"""

ENCODER = """
import tensorflow as tf

class Mine(keras.Model):
    def __init__(self, idim):
        super().__init__()
        self.encoder = Dense(1)
        self.decoder = Dense(idim)
    def call(self, x):
        return self.encoder(x)
    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.decoder(self.encoder(data[0])) - data[0]) ** 2)
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {"loss": loss}

def model(idim):
    made = Mine(idim)
    made.compile('adam')
    return made
"""


@pytest.mark.parametrize(
    ("text", "loss", "task", "outputs"),
    [
        (ANCESTOR, "categorical_crossentropy", "multiclass", 2),
        (OWN_KIND, "mse", "regression", 1),
        (sequential("Dense(1)"), "binary_crossentropy", "binary", 1),
        (sequential("Dense(1)", "keras.losses.Huber()"), "huber", "regression", 1),
        (
            sequential("Dense(3)", "keras.losses.sparse_categorical_crossentropy"),
            "sparse_categorical_crossentropy",
            "multiclass",
            3,
        ),
        (
            sequential("Dense(2)", "keras.losses.CategoricalCrossentropy(from_logits=True)"),
            "categorical_crossentropy",
            "multiclass",
            2,
        ),
        (sequential("Dense(2)"), "binary_crossentropy", "multiclass", 2),
        (sequential("Dense(1)", "lambda y, p: keras.ops.mean(y - p)"), "<lambda>", "other", 1),
    ],
)
def test_a_good_model_is_built_and_described(build, text, loss, task, outputs):
    summary = build(text, columns=4).summary

    assert (summary.loss, summary.task, summary.output_shape) == (loss, task, (outputs,))
    assert (summary.input_width, summary.parameters > 0) == (4, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def model(idim:\n", r"model\.py, line 1: '\(' was never closed"),
        ("import nowhere\n", r"model\.py, line 1: ModuleNotFoundError: No module named 'nowhere'"),
        ("x = 1\n", r"model\.py has no function `model`"),
        ("model = 3\n", r"model\.py has a `model` that is no function"),
        ("def model(a, b): pass\n", r"model\.py: TypeError: model\(\) missing 1 required posi"),
        ("def model(): pass\n", r"model\.py: `model` returns nothing"),
        ("def model(idim):\n    return 1 / 0\n", r"model\.py, line 2: ZeroDivisionError"),
        ("def model(idim):\n    raise SystemExit(3)\n", r"model\.py, line 2 called sys\.exit\(3\)"),
        (
            "def model(idim):\n    raise KeyboardInterrupt\n",
            r"model\.py, line 2: KeyboardInterrupt",
        ),
        ("def model(idim):\n    raise MemoryError\n", "line 2 needs more memory than the run may"),
        ("def model(idim): pass\n", r"model\.py: `model` returns nothing"),
        ("def model(idim): return 'x'\n", r"model\.py: `model` returns a str, not a Ker"),
        (
            f"{HEAD}def model(idim): return keras.Sequential([Dense(1)])",
            "is not compiled, and labels of a branch",
        ),
        (sequential("Input((7,)), Dense(1)"), r"inputs of shape \(7,\), but the data has 4 col"),
        (sequential("Input((2, 2)), Dense(1)"), r"inputs of shape \(2, 2\), but the data has 4"),
        (sequential("Dense(1)", "'categorical_crossentropy'"), "the output is 1 wide, which loss"),
        (sequential("Dense(4), keras.layers.Reshape((2, 2))"), r"gives shape \(2, 2\) for an ent"),
    ],
)
def test_a_bad_model_is_refused_in_words(build, text, message):
    with pytest.raises(TrainingError, match=message) as caught:
        build(text)

    assert caught.value.hint


def test_who_imports_what_is_not_there_is_told_what_is(build):
    with pytest.raises(TrainingError, match="nowhere") as caught:
        build("from nowhere import layers\n")

    assert "keras, tensorflow, numpy" in caught.value.hint


def test_a_model_that_loops_is_stopped_at_its_line(build):
    with pytest.raises(TrainingError, match=r"model\.py, line [23] did not end within 1 s"):
        build("def model(idim):\n    while True:\n        pass\n", seconds=1)


def test_optimizers_understand_what_they_were_told_in_the_days_of_keras_2(build, capsys):
    plain = build(sequential("Dense(1)", optimizer="keras.optimizers.Adam(lr=0.01)"))
    old = "keras.optimizers.SGD(lr=0.1, decay=0.5)"
    decaying = build(sequential("Dense(1)", optimizer=old))

    assert float(plain.keras.optimizer.learning_rate) == pytest.approx(0.01)
    decaying.keras.optimizer.iterations.assign(2)
    assert float(decaying.keras.optimizer.learning_rate) == pytest.approx(0.1 / (1 + 0.5 * 2))
    assert "Adam: `lr` is called `learning_rate` in Keras 3" in capsys.readouterr().out


def test_a_model_of_keras_1_is_run_by_keras_2(build, capsys):
    text = """
from keras.models import Sequential
from keras.layers.core import Dense
def model(idim):
    made = Sequential()
    made.add(Dense(output_dim=3, input_dim=idim, init='uniform'))
    made.add(Dense(1))
    made.compile('sgd', 'logcosh')
    return made
"""
    summary = build(text).summary

    assert (summary.loss, summary.task, summary.parameters) == ("logcosh", "regression", 19)
    assert "model.py is run by Keras 2" in capsys.readouterr().out


def test_of_two_mistakes_the_one_further_down_is_told(build):
    text = """
from keras.layers.core import Dense
def model(idim):
    return Dense(wrong=1)
"""
    with pytest.raises(TrainingError, match=r"model\.py, line 4"):
        build(text)


def test_steps_of_the_models_own_are_tried_before_the_training(build):
    text = f"""{HEAD}
class Mine(keras.Model):
    def train_step(self, data):
        return self.nothing(data)
def model(idim):
    i = Input((idim,))
    made = Mine(i, Dense(1)(i))
    made.compile('adam', 'mse')
    return made
"""
    with pytest.raises(TrainingError, match=r"model\.py, line 6: AttributeError"):
        build(text)


def test_a_fit_that_cannot_be_called_says_how_to_write_it(build):
    text = f"""{HEAD}
class Mine(keras.Model):
    def fit(self, x, y):
        return None
def model(idim):
    i = Input((idim,))
    made = Mine(i, Dense(1)(i))
    made.compile('adam', 'mse')
    return made
"""
    with pytest.raises(TrainingError, match="own `fit` cannot be called") as caught:
        build(text)

    assert caught.value.hint.startswith("def fit(self, x, y, **keywords)")


def test_a_mistake_in_a_loss_of_ones_own_leads_to_its_line(build):
    text = (
        f"{HEAD}def loss(y, given):\n    return y.no_such_thing - given\n\n"
        "def model(idim):\n"
        "    made = keras.Sequential([Input((idim,)), Dense(1)])\n"
        "    made.compile('adam', loss)\n"
        "    return made\n"
    )

    with pytest.raises(TrainingError, match=r"^model\.py, line 4: .*no_such_thing") as caught:
        build(text)

    assert caught.value.hint.startswith("look at line 4 of model.py")


def test_layers_that_only_the_models_own_step_calls_are_built(build):
    model = build(HEAD + ENCODER)

    assert model.summary.parameters == 4 + 1 + 1 * 4 + 4


def test_a_mistake_is_told_and_not_that_an_older_keras_lacks_something(build):
    text = f"from keras import ops\n{HEAD}def model(idim):\n    raise ValueError('mine')\n"

    with pytest.raises(TrainingError, match=r"line 5: ValueError: mine"):
        build(text)
