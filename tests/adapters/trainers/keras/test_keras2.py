"""What the ancestors' users wrote for Keras 1 and 2 builds and trains, name by name."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Block

pytestmark = pytest.mark.filterwarnings("ignore")

HEAD = """
import keras
from keras.models import Sequential
from keras.layers import Dense, Dropout
import keras.backend as K
"""
ENDING = """
def model(idim):
    made = Sequential()
    made.add({first})
    made.add(Dense(1, activation='sigmoid'))
    made.compile({compiled})
    return made
"""
USUAL = "Dense(8, input_dim=idim, activation='relu')"


def net(imports="", first=USUAL, compiled="loss='binary_crossentropy', optimizer='adam'"):
    return HEAD + imports + ENDING.format(first=first, compiled=compiled)


def loss(*terms):
    body = " + ".join(terms)
    return net(f"\ndef mine(y, p):\n    return {body}\n", compiled="loss=mine, optimizer='adam'")


FROM_JSON = '''
from keras.models import model_from_json
TEXT = """{"class_name": "Sequential", "config": {"name": "sequential_1", "layers": [
 {"class_name": "Dense", "config": {"name": "dense_1", "trainable": true,
  "batch_input_shape": [null, 4], "dtype": "float32", "units": 8, "activation": "relu",
  "use_bias": true, "kernel_initializer": {"class_name": "VarianceScaling", "config":
   {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": null}},
  "bias_initializer": {"class_name": "Zeros", "config": {}}, "kernel_regularizer": null,
  "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
  "bias_constraint": null}},
 {"class_name": "Dropout", "config": {"name": "dropout_1", "trainable": true, "rate": 0.2,
  "noise_shape": null, "seed": null}},
 {"class_name": "Dense", "config": {"name": "dense_2", "trainable": true, "units": 1,
  "activation": "sigmoid", "use_bias": true}}]},
 "keras_version": "2.2.4", "backend": "tensorflow"}"""
def model(idim):
    made = model_from_json(TEXT)
    made.compile(loss='binary_crossentropy', optimizer='adam')
    return made
'''
SCIKIT = """
from keras.wrappers.scikit_learn import KerasClassifier, KerasRegressor
from keras.models import Sequential
from keras.layers import Dense
def build(width=4, units=8):
    made = Sequential([Dense(units, input_dim=width, activation='relu'),
                       Dense(1, activation='sigmoid')])
    made.compile(loss='binary_crossentropy', optimizer='adam')
    return made
def model(idim):
    return {call}
"""
PATHS = """
from keras import callbacks, constraints, initializations, objectives, regularizers
from keras.callbacks import EarlyStopping, ModelCheckpoint
from keras.constraints import maxnorm, nonneg
from keras.engine import InputSpec, Layer, Model
from keras.engine.topology import Layer
from keras.layers.advanced_activations import ELU, LeakyReLU, PReLU
from keras.layers.convolutional import Conv1D, Convolution1D, MaxPooling1D
from keras.layers.core import Activation, Dense, Dropout, Flatten, Lambda, Reshape
from keras.layers.embeddings import Embedding
from keras.layers.merge import Concatenate, add, concatenate
from keras.layers.noise import GaussianNoise
from keras.layers.normalization import BatchNormalization
from keras.layers.pooling import MaxPooling1D
from keras.layers.recurrent import GRU, LSTM
from keras.layers.wrappers import TimeDistributed
from keras.objectives import binary_crossentropy
from keras.regularizers import l1, l1l2, l2
from keras.utils import np_utils, plot_model
from keras.utils.np_utils import to_categorical
from keras.utils.vis_utils import plot_model
from tensorflow.python.keras.layers import Dense as Another
class Twice(Layer):
    def call(self, x):
        return 2 * x
"""
MODELS = {
    "paths of Keras 1": net(PATHS, "Twice(input_shape=(idim,))"),
    "advanced activations": net(
        "from keras.layers.advanced_activations import LeakyReLU\n"
        "from keras.layers.normalization import BatchNormalization\n",
        "LeakyReLU(alpha=0.3, input_shape=(idim,)))\n    made.add(BatchNormalization(mode=0)",
    ),
    "arguments of Keras 1": net(
        "from keras.constraints import maxnorm\nfrom keras.regularizers import l2\n",
        "Dense(output_dim=8, input_dim=idim, init='uniform', W_regularizer=l2(1e-4), bias=True,"
        " W_constraint=maxnorm(3)))\n    made.add(Dropout(p=0.5)",
    ),
    "initialisers": net(
        first="Dense(8, input_dim=idim, init='glorot_normal'))\n"
        "    made.add(Dense(8, kernel_initializer='normal', activation='hard_sigmoid')"
    ),
    "batch_input_shape": net(first="Dense(8, batch_input_shape=(None, idim))"),
    "Model(input=, output=)": HEAD
    + "from keras.layers import Input\nfrom keras.models import Model\n"
    "def model(idim):\n"
    "    i = Input(shape=(idim,)); o = Dense(1, activation='sigmoid')(Dense(8)(i))\n"
    "    made = Model(input=i, output=o)\n"
    "    made.compile(loss='binary_crossentropy', optimizer='adam')\n"
    "    return made\n",
    "Adam(epsilon=None)": net(
        compiled="'mse', optimizer=keras.optimizers.Adam(lr=1e-3, beta_1=.9, epsilon=None)"
    ).replace("compile('mse'", "compile(loss='mse'"),
    "decay": net(
        compiled="loss='mse', optimizer=keras.optimizers.SGD(lr=.1, decay=1e-4, momentum=.9)"
    ),
    "decay without a rate": net(
        compiled="loss='mse', optimizer=keras.optimizers.RMSprop(decay=1e-4)"
    ),
    "a positional rate": net(
        compiled="loss='mse', optimizer=keras.optimizers.Adagrad(0.01, decay=1e-3)"
    ),
    "optimizers.legacy": net(
        "import tensorflow as tf\n",
        compiled="tf.keras.optimizers.legacy.Adam(learning_rate=1e-3, decay=1e-4), 'mse'",
    ),
    "optimizers.legacy by import": net(
        "from tensorflow.keras.optimizers.legacy import SGD\n",
        compiled="SGD(lr=0.1, nesterov=True), 'mse'",
    ),
    "logcosh": net(compiled="loss='logcosh', optimizer='adam', metrics=['acc', 'mse']"),
    "losses.logcosh": net(
        "from keras.losses import logcosh\n", compiled="loss=logcosh, optimizer='adam'"
    ),
    "backend: sums and powers": loss(
        "K.sum(K.square(y - p))",
        "K.mean(K.abs(y - p), axis=-1)",
        "K.mean(K.sqrt(K.exp(K.pow(y - p, 2))))",
        "K.mean(K.flatten(y) - K.flatten(p))",
    ),
    "backend: logarithms and choices": loss(
        "-K.mean(y * K.log(K.clip(p, K.epsilon(), 1 - K.epsilon())), axis=-1)",
        "K.mean(K.maximum(y - p, K.cast(K.greater(y, p), 'float32')))",
        "K.mean(K.switch(K.equal(y, 1), p, K.ones_like(p) - p))",
        "K.mean(K.binary_crossentropy(y, p), axis=-1) * K.int_shape(p)[1] * K.constant(2.0)",
    ),
    "a metric of the backend": net(
        "\ndef precision(y, p):\n"
        "    hits = K.sum(K.round(K.clip(y * p, 0, 1)))\n"
        "    return hits / (K.sum(K.round(K.clip(p, 0, 1))) + K.epsilon())\n",
        compiled="loss='binary_crossentropy', optimizer='adam', metrics=['accuracy', precision]",
    ),
    "K.set_session": net(
        "import tensorflow as tf\n"
        "from keras.backend.tensorflow_backend import set_session\n"
        "config = tf.compat.v1.ConfigProto()\n"
        "config.gpu_options.allow_growth = True\n"
        "set_session(tf.compat.v1.Session(config=config))\n"
        "K.clear_session()\nK.set_image_dim_ordering('th')\nK.set_learning_phase(1)\n"
    ),
    "tf.compat.v1.keras": net(
        "import tensorflow as tf\ntf.compat.v1.keras.backend.set_session(tf.compat.v1.Session())\n"
    ),
    "tf.Session": net(
        "import tensorflow as tf\n"
        "config = tf.ConfigProto(intra_op_parallelism_threads=1)\n"
        "K.set_session(tf.Session(graph=tf.get_default_graph(), config=config))\n"
        "tf.set_random_seed(3)\n"
    ),
    "tf.log": net(
        "import tensorflow as tf\n"
        "def mine(y, p):\n    return -tf.reduce_mean(y * tf.log(p + 1e-6))\n",
        compiled="loss=mine, optimizer='adam'",
    ),
    "experimental.preprocessing": net(
        "from tensorflow.keras.layers.experimental import preprocessing\n"
        "import numpy as np\n"
        "def fitted(idim):\n"
        "    layer = keras.layers.experimental.preprocessing.Normalization(input_shape=(idim,))\n"
        "    layer.adapt(np.random.rand(50, idim))\n"
        "    return layer\n",
        "fitted(idim))\n    made.add(preprocessing.Rescaling(2.0)",
    ),
    "model_from_json": FROM_JSON,
    "KerasClassifier": SCIKIT.format(call="KerasClassifier(build_fn=build, epochs=3)"),
    "KerasClassifier(width=)": SCIKIT.format(
        call="KerasClassifier(build_fn=build, width=idim, units=3)"
    ),
    "KerasRegressor": SCIKIT.format(call="KerasRegressor(build, verbose=0)"),
}


@pytest.mark.parametrize("name", MODELS)
def test_it_builds_and_trains(build, name):
    model = build(MODELS[name])
    random = np.random.default_rng(1)
    x = random.random((64, 4), np.float32)
    block = Block(x=x, y=(x[:, 0] > 0.5).astype(np.float32), order=np.arange(64, dtype=np.int32))
    before = model.state()

    model.learn(block)

    assert np.isfinite(model.metrics()["loss"])
    assert any((np.asarray(v) != before[k]).any() for k, v in model.state().items())
    assert model.predict(block).shape == (64, 1)


def test_what_keras_2_has_not_either_is_named(build):
    text = net("from keras.layers.core import MaxoutDense\n")

    with pytest.raises(TrainingError, match=r"line 6: .*cannot import name 'MaxoutDense'") as told:
        build(text)

    assert "GlobalMaxPooling1D" in told.value.hint


def test_the_line_is_that_of_the_persons_file(build):
    text = HEAD + "def model(idim):\n    return keras.Model(nothing=3)\n"

    with pytest.raises(TrainingError, match=r"model\.py, line 7: "):
        build(text)


def test_optimizers_of_tensorflow_1_are_refused_with_what_to_write(build):
    text = net(
        "import tensorflow as tf\ntf.compat.v1.keras.backend.set_session\n",
        compiled="loss='mse', optimizer=tf.compat.v1.train.AdamOptimizer(0.01)",
    )

    with pytest.raises(TrainingError, match=r"tf\.compat\.v1\.train") as caught:
        build(text)

    assert "keras.optimizers.Adam" in caught.value.hint
