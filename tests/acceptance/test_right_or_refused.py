"""Runs of the command line give the right result, or say what is wrong; see `test_as_fit` too."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import uproot

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
NET = """
import keras
def model(idim):
    m = keras.Sequential([keras.layers.Input((idim,)), keras.layers.Dense(16, activation="relu"),
                          keras.layers.Dense(1, activation="sigmoid")])
    m.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy")
    return m
"""
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        find_spec("tensorflow") is None, reason="the extra `train` is not installed"
    ),
]


def sample(n_signal, n_background, seed=1):
    """Return two overlapping classes, signal first."""
    random = np.random.default_rng(seed)
    signal = random.normal((0.5, 0.3, 0.0), 1.0, (n_signal, 3))
    background = random.normal(0.0, 1.0, (n_background, 3))
    return np.concatenate((signal, background)).astype(np.float32)


def write(path, x, **more):
    with uproot.recreate(path) as file:
        file["Events"] = {f"x{i}": x[:, i] for i in range(x.shape[1])} | more


def run(folder, *, model=NET, labels="1\n0\n", files="s.root\nb.root\n", **params):
    """Return the report of `mlaas4hep run`."""
    usual = {"branch": "Events", "metrics": True, "epochs": 3}
    (folder / "model.py").write_text(model)
    (folder / "labels.txt").write_text(labels)
    (folder / "files.txt").write_text(files)
    (folder / "params.json").write_text(json.dumps(usual | params))
    done = subprocess.run(
        [sys.executable, "-m", "mlaas4hep.cli", "run", str(folder), "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return json.loads(done.stdout[done.stdout.index("{") :]), done.stdout + done.stderr


def test_a_rare_class_is_in_every_part(tmp_path):
    x = sample(60, 20_000)
    write(tmp_path / "s.root", x[:60])
    write(tmp_path / "b.root", x[60:])

    report, _ = run(tmp_path, training="standard", epochs=1)

    assert {"test_auc", "val_auc", "train_auc"} <= report["metrics"].keys()


MODELS = {
    "labels of -1 and 1": ({"labels": "1\n-1\n", "model": NET.replace("binary_crossentropy", "hinge").replace("sigmoid", "tanh")}, "test_auc"),
    "a loss of one's own": ({"model": NET.replace('"binary_crossentropy"', "lambda t, p: keras.ops.mean((t - p) ** 2)")}, "test_auc"),
    "one-hot labels": ({"model": NET.replace('Dense(1, activation="sigmoid")', 'Dense(2, activation="softmax")')}, "test_auc"),
    "paths of Keras 1": ({"model": "from keras.layers.core import Dense\nfrom keras.layers.normalization import BatchNormalization\n" + NET}, "test_auc"),
    "the backend of Keras 2": ({"model": NET.replace('"binary_crossentropy"', "lambda t, p: keras.backend.sum(keras.backend.square(t - p))")}, "test_auc"),
    "a metric that is a vector": ({"model": NET.replace('loss="binary', 'metrics=[keras.metrics.F1Score(threshold=0.5)], loss="binary')}, "f1_score"),
}  # fmt: skip


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_of_this_kind_trains_and_has_figures(tmp_path, kind):
    request, metric = MODELS[kind]
    x = sample(1500, 1500)
    write(tmp_path / "s.root", x[:1500])
    write(tmp_path / "b.root", x[1500:])

    report, said = run(tmp_path, **request)

    assert metric in report.get("metrics", {}), said
    assert report["metrics"][metric] > 0.55


def test_sentinels_and_outliers_are_told_and_taken_care_of(tmp_path):
    x = sample(3000, 3000)
    x[np.random.default_rng(2).random(6000) < 0.15, 0] = -999
    x[7, 1] = 1e7
    write(tmp_path / "s.root", x[:3000])
    write(tmp_path / "b.root", x[3000:])

    plain = "\n".join(run(tmp_path)[0]["warnings"])
    report, _ = run(tmp_path, missing=[-999], clip="quantiles", scaling="standard")

    assert "which may mean missing: x0 (-999" in plain
    assert "squeeze" in plain
    assert report["warnings"] == []
    assert report["metrics"]["test_auc"] > 0.6


def test_modules_and_files_beside_model_py_are_there_and_what_tells_all_is_told(tmp_path):
    x = sample(400, 400)
    write(tmp_path / "s.root", x[:400], genWeight=np.ones(400))
    write(tmp_path / "b.root", x[400:], genWeight=np.zeros(400))
    (tmp_path / "mine.py").write_text("UNITS = int(open('units.txt').read())\n")
    (tmp_path / "units.txt").write_text("4")

    report, said = run(tmp_path, model="from mine import UNITS\n" + NET.replace("16", "UNITS"))

    warnings = "\n".join(report.get("warnings", []))
    assert "look like weights: genWeight" in warnings, said
    assert "genWeight (1.000)" in warnings


def test_a_training_that_ends_in_nan_publishes_nothing(tmp_path):
    x = sample(300, 300)
    write(tmp_path / "s.root", x[:300])
    write(tmp_path / "b.root", x[300:])
    nan = """
class Bad(keras.Model):
    def train_step(self, data):
        for v in self.trainable_variables: v.assign(v * float("nan"))
        return {"quality": 1.0}
"""
    model = NET.replace("def model", nan + "def model").replace(
        "    return m",
        "    i = keras.Input((idim,)); b = Bad(i, m(i)); b.compile('adam', 'mse')\n    return b",
    )

    report, _ = run(tmp_path, model=model, epochs=1)

    assert "became nan" in report["error"]["message"].lower()


CASE_NAMES = [
    *(
        "averaged_weights",
        "batch_input_shape",
        "keras1_arguments",
        "keras1_paths",
        "legacy_optimizer",
    ),
    *("logcosh", "own_fit", "own_loss_binary", "own_loss_classes", "stop_training"),
    *("second_module", "two_outputs_one_hot", "vector_metric"),
]


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Return a folder with the ROOT files of the cases."""
    if not CASES.is_dir():
        pytest.skip(f"{CASES} is not here")
    folder = tmp_path_factory.mktemp("cases")
    subprocess.run([sys.executable, CASES / "make_data.py", folder], check=True)
    return folder


@pytest.mark.parametrize("name", CASE_NAMES)
def test_a_case_trains(data, tmp_path, name):
    for path in (*(CASES / "models" / name).iterdir(), *data.iterdir()):
        shutil.copy(path, tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "mlaas4hep.cli", "run", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    metrics = json.loads(done.stdout[done.stdout.index("{") :])["metrics"]
    assert ("test_rmse" if name == "logcosh" else "test_auc") in metrics
