"""`mlaas4hep run` scores entries that it has not seen as well as Keras's `fit` in memory does.

The reference learns from exactly the entries that the run learns from, and both are measured on
the same held-out ones. What is left is the order of entries, and with it some chance.
"""

import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import uproot
from sklearn.metrics import roc_auc_score

from mlaas4hep.core.data.planning.draws import drawn
from mlaas4hep.core.models.split import TEST_SHARE, Split

TOLERANCE = 0.01  #: of an area under the curve
SEED, EPOCHS, BATCH, VALIDATES = 21, 3, 50, 0.3
NET = """
import keras
def model(idim):
    m = keras.Sequential([keras.layers.Input((idim,)), keras.layers.Dense(16, activation="relu"),
                          keras.layers.Dense(1, activation="sigmoid")])
    m.compile(optimizer=keras.optimizers.Adam(1e-2), loss="binary_crossentropy")
    return m
"""
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        find_spec("tensorflow") is None, reason="the extra `train` is not installed"
    ),
]


def entries(count, shift, seed):
    random = np.random.default_rng(seed)
    return random.normal((shift, 0.6 * shift, 0.0), 1.0, (count, 3)).astype(np.float32)


def spoilt(x):
    """Return entries of which 15 % say -999 for "missing", and one is far outside."""
    x = x.copy()
    x[np.random.default_rng(2).random(len(x)) < 0.15, 0] = -999
    x[7, 1] = 1e7
    return x


SIGNAL, BACKGROUND = entries(6000, 0.8, 1), entries(9000, 0.0, 2)
RARE, COMMON = entries(40, 2.5, 3), entries(40_000, 0.0, 4)
BAD = {"missing": [-999], "clip": "quantiles", "scaling": "standard"}


def usual(x):
    return (x - x.min(0)) / (x.max(0) - x.min(0))


def standardised(x):
    return (x - x.mean(0)) / x.std(0)


def cared_for(x):
    """Return what the options `BAD` of params.json ask for, without them."""
    lost = x == -999
    x = np.where(lost, np.nan, x)
    x = np.clip(x, *np.nanquantile(x, (0.005, 0.995), axis=0))
    return np.where(lost, 0.0, (x - np.nanmean(x, 0)) / np.nanstd(x, 0))


ROWS = {
    "two files": ({"s.root": SIGNAL, "b.root": BACKGROUND}, {}, usual),
    "one file sorted by label": ({"a.root": np.concatenate((SIGNAL, BACKGROUND))}, {}, usual),
    "one in a thousand": (
        {"s.root": RARE, "b.root": COMMON},
        {"scaling": "standard"},
        standardised,
    ),
    "sentinels and an outlier": (
        {"s.root": spoilt(SIGNAL), "b.root": spoilt(BACKGROUND)},
        BAD,
        cared_for,
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_held_out_entries_are_scored_as_by_fit(tmp_path, row):
    files, params, inputs = ROWS[row]
    labels = {
        name: np.full(len(x), float(name == "s.root"))
        if len(files) > 1
        else np.repeat([1.0, 0.0], [len(SIGNAL), len(BACKGROUND)])
        for name, x in files.items()
    }

    auc = run(tmp_path, files, labels, params)

    assert auc == pytest.approx(fitted(files, labels, inputs), abs=TOLERANCE)


def run(folder, files, labels, params):
    """Return the held-out AUC that the report tells."""
    for name, x in files.items():
        branches = {f"x{i}": column for i, column in enumerate(x.T)}
        with uproot.recreate(folder / name) as file:
            file["Events"] = branches | ({"s": labels[name]} if len(files) == 1 else {})
    usual = {"branch": "Events", "metrics": True, "epochs": EPOCHS, "seed": SEED}
    (folder / "model.py").write_text(NET)
    (folder / "labels.txt").write_text("s\n" if len(files) == 1 else "1\n0\n")
    (folder / "files.txt").write_text("\n".join(files) + "\n")
    (folder / "params.json").write_text(json.dumps(usual | params))
    done = subprocess.run(
        [sys.executable, "-m", "mlaas4hep.cli", "run", str(folder), "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return json.loads(done.stdout[done.stdout.index("{") :])["metrics"]["test_auc"]


def fitted(files, labels, inputs):
    """Return the AUC that `fit` in memory gives on the same held-out entries."""
    import keras  # noqa: PLC0415 - takes seconds

    keras.utils.set_random_seed(SEED)
    draws = np.concatenate([drawn(name, np.arange(len(x))) for name, x in files.items()])
    split = Split.of(draws, seed=SEED, validation=VALIDATES, test=TEST_SHARE)
    x = inputs(np.concatenate(list(files.values()))).astype(np.float32)
    y = np.concatenate(list(labels.values()))
    space: dict = {}
    exec(NET, space)
    model = space["model"](x.shape[1])
    model.fit(x[split.train], y[split.train], epochs=EPOCHS, batch_size=BATCH, verbose=0)
    return roc_auc_score(y[split.test], model.predict(x[split.test], verbose=0)[:, 0])
