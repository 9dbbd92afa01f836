"""Texts of model.py for runs that are asked for over HTTP."""

MODEL = """
import keras

def model(idim):
    net = keras.Sequential([keras.Input((idim,)), keras.layers.Dense(1, activation="sigmoid")])
    net.compile(loss="binary_crossentropy")
    return net
"""

FOREST = "from sklearn.ensemble import *\ndef model():\n    return "
QUICK = FOREST + "RandomForestClassifier()"  # built in a third of the time that Keras takes
