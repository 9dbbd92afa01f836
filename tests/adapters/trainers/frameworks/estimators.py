"""Texts of model.py for scikit-learn."""

PIPELINE = """
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def model():
    return make_pipeline(StandardScaler(), LogisticRegression())
"""


FOREST = """
from sklearn.ensemble import RandomForestClassifier

def model(idim):
    return RandomForestClassifier(50, min_samples_leaf=3)
"""


STEPS = """
from sklearn.neural_network import MLPRegressor

def model(idim):
    return MLPRegressor(hidden_layer_sizes=(16,), learning_rate_init=0.01)
"""


OWN = """
import sklearn
import numpy as np

class Mean:
    def fit(self, x, y, epochs=1):
        self.epochs = epochs
        self.weights = np.linalg.lstsq(x, y, rcond=None)[0]
    def predict(self, x):
        return x @ self.weights

def model():
    return Mean()
"""


COMPOSED = """
from lightgbm import LGBMClassifier
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import *
from sklearn.linear_model import *
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBRegressor
"""


def returning(text, imports="from sklearn.svm import SVC"):
    return f"{imports}\ndef model():\n    return {text}\n"


STEPPING = returning(
    "SGDClassifier(loss='log_loss')", "from sklearn.linear_model import SGDClassifier"
)


HANDING_ON = """
from sklearn.linear_model import SGDClassifier

class Own(SGDClassifier):
    def partial_fit(self, *args, **more):
        return super().partial_fit(*args, **more)

def model():
    return Own(loss="log_loss")
"""


#: learns in steps, and is not told which classes there are
UNTOLD = """
import sklearn
import numpy as np

class Centre:
    def __init__(self):
        self.sums, self.counts = {}, {}
    def fit(self, x, y):
        return self.partial_fit(x, y)
    def partial_fit(self, x, y):
        for label in np.unique(y):
            self.sums[label] = self.sums.get(label, 0) + x[y == label].sum(axis=0)
            self.counts[label] = self.counts.get(label, 0) + (y == label).sum()
        return self
    def predict_proba(self, x):
        centres = [self.sums[label] / self.counts[label] for label in sorted(self.sums)]
        near = np.exp([-((x - each) ** 2).sum(axis=1) for each in centres])
        return (near / near.sum(axis=0)).T
    def predict(self, x):
        return self.predict_proba(x).argmax(axis=1)

def model():
    return Centre()
"""
