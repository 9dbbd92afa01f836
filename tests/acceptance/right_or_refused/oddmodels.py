"""Texts of model.py that Keras's `fit` takes and that a training once took wrongly."""

NET = """
import keras
def model(idim):
    m = keras.Sequential([keras.layers.Input((idim,)), keras.layers.Dense(16, activation="relu"),
                          keras.layers.Dense(1, activation="sigmoid")])
    m.compile(optimizer=keras.optimizers.Adam(1e-2), loss="binary_crossentropy")
    return m
"""
#: averaged weights count at the end
EMA = NET.replace("Adam(1e-2)", "Adam(1e-2, use_ema=True, ema_momentum=0.95)")
#: labels of -1 and 1, a loss and a metric of one's own, which is a vector
OWN_LOSS = """
import keras
class Parts(keras.metrics.Metric):
    def __init__(self):
        super().__init__(name="parts")
        self.seen = self.add_weight(name="seen", shape=(2,), initializer="zeros")
    def update_state(self, y, p, sample_weight=None):
        self.seen.assign_add(keras.ops.stack([keras.ops.sum(y), keras.ops.sum(p)]))
    def result(self):
        return self.seen
""" + NET.replace('"sigmoid"', '"tanh"').replace(
    '"binary_crossentropy"', "lambda t, p: keras.ops.mean((t - p) ** 2), metrics=[Parts()]"
)
#: as the ancestor's recipe has it, with a module and a file beside model.py
OWN_FIT = """
import keras
from mine import UNITS
class Mine(keras.Model):
    calls = 0
    def fit(self, x, y, **keywords):
        told = super().fit(x, y, **keywords)
        print(UNITS, "units")
        self.calls += 1
        self.stop_training = self.calls > 1
        return told
def model(idim):
    x = keras.Input((idim,))
    h = keras.layers.Dense(UNITS, activation="relu")(x)
    m = Mine(x, keras.layers.Dense(1, activation="sigmoid")(h))
    m.compile("adam", "binary_crossentropy")
    return m
"""
MISFIT = OWN_FIT.replace("from mine import UNITS", "UNITS = 4").replace("x, y, **keywords", "x")
#: its train_step tells no loss, and ruins the weights
DIVERGING = """
import keras
class Bad(keras.Model):
    def train_step(self, data):
        for v in self.trainable_variables: v.assign(v * float("nan"))
        return {"quality": 1.0}
def model(idim):
    x = keras.Input((idim,))
    m = Bad(x, keras.layers.Dense(1, activation="sigmoid")(x))
    m.compile("adam", "mse")
    return m
"""
TWO_NAMES = NET.replace(
    'loss="binary', 'metrics=[keras.metrics.F1Score(threshold=0.5)], loss="binary'
)
KERAS_1 = """
from keras import backend as K
from keras.models import Sequential
from keras.layers.core import Dense, Dropout
from keras.layers.normalization import BatchNormalization
from keras.layers.advanced_activations import LeakyReLU
from keras.optimizers import Adam
def squares(y, p):
    return K.sum(K.square(y - p), axis=-1)
def model(idim):
    m = Sequential()
    m.add(Dense(output_dim=8, init="glorot_uniform", input_dim=idim, W_regularizer="l2"))
    m.add(LeakyReLU(alpha=0.2))
    m.add(BatchNormalization())
    m.add(Dropout(p=0.1))
    m.add(Dense(1, activation="sigmoid"))
    m.compile(optimizer=Adam(lr=0.01, epsilon=None, decay=1e-4), loss=squares, metrics=["accuracy"])
    return m
"""
#: cannot be built, for a reason of its own
RAISING = """
import keras
def unlucky(idim):
    raise RuntimeError("no luck")
def model(idim):
    return unlucky(idim)
"""
#: two outputs; the loss of one sees a column behind the labels
SEVERAL = """
import keras
from keras import layers, ops

def model(idim):
    x = keras.Input((idim,))
    h = layers.Dense(16, "relu")(x)
    outputs = [layers.Dense(1, name="size")(h), layers.Dense(2, "sigmoid", name="tags")(h)]
    m = keras.Model(x, outputs)

    def size(y, out):
        return ops.mean(ops.square(y[:, :1] - out)) + 0.0 * ops.mean(y[:, 1])

    def tags(y, out):
        return keras.losses.binary_crossentropy(y[:, :2], out) + 0.0 * ops.mean(y[:, 2])

    m.compile(keras.optimizers.Adam(0.01), {"size": size, "tags": tags})
    return m
"""
