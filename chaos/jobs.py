"""What people train meanwhile: small jobs of several frameworks, the same bits every time."""

import io
import json
import tarfile
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import uproot

ENTRIES = 3000
_FILE = "data.root"
_SEED = 7
_KERAS = """
import keras

def model(idim):
    made = keras.Sequential([keras.Input((idim,)), keras.layers.Dense(1, activation="sigmoid")])
    made.compile(optimizer="sgd", loss="binary_crossentropy")
    return made
"""
_FOREST = """
from sklearn.ensemble import RandomForestClassifier

def model(idim):
    return RandomForestClassifier(n_estimators=20, max_depth=6, random_state=1)
"""
_TREES = """
from xgboost import XGBClassifier

def model(idim):
    return XGBClassifier(n_estimators=20, max_depth=3, random_state=1)
"""
_CHUNKED = {"chunk_size": 500, "epochs": 8, "batch_size": 25, "training": "chunked"}
_STANDARD = {"chunk_size": 500, "epochs": 1, "batch_size": 100, "training": "standard"}
_JOBS = {
    "keras": ("keras", _KERAS, _CHUNKED),
    "sklearn": ("sklearn", _FOREST, _STANDARD),
    "xgboost": ("xgboost", _TREES, _STANDARD),
}


def jobs(address: str = "") -> Mapping[str, bytes]:
    """Return the tarball of each job that this machine can train.

    Args:
        address: of a web server that has what `put_data` writes; the data is read from there.
    """
    return {
        name: _packed(model, params, address)
        for name, (module, model, params) in _JOBS.items()
        if find_spec(module) is not None
    }


def put_data(folder: Path) -> None:
    """Write the data of the jobs into a folder that is served."""
    (folder / _FILE).write_bytes(_data())


def timed_job(number: int) -> bytes:
    """Return a training that lasts for half a minute, on data of its own."""
    return _packed(_KERAS, {**_CHUNKED, "epochs": 300}, seed=1000 + number)


def questions(entry: Mapping[str, object]) -> list[dict[str, object]]:
    """Return an entry and some like it, whose predictions tell two models apart."""
    factors = (1.0, -1.0, 0.1, 0.3, 1.7, 3.0)
    return [{k: _scaled(v, factor) for k, v in entry.items()} for factor in factors]


def _scaled(value: object, factor: float) -> object:
    if isinstance(value, list):
        return [_scaled(each, factor) for each in value]
    return value * factor if isinstance(value, float) else value


def _packed(
    model: str, params: Mapping[str, object], address: str = "", seed: int = _SEED
) -> bytes:
    texts = {
        "files.txt": f"{address}/{_FILE}\n" if address else f"{_FILE}\n",
        "labels.txt": "signal\n",
        "model.py": model,
        "params.json": json.dumps(params),
    }
    members = {name: text.encode() for name, text in texts.items()}
    members |= {} if address else {_FILE: _data(seed)}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in sorted(members.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _data(seed: int = _SEED) -> bytes:
    random = np.random.default_rng(seed)
    signal = random.integers(0, 2, ENTRIES).astype(np.int32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / _FILE
        with uproot.recreate(path) as file:
            file["Events"] = {
                "pt": (random.normal(size=ENTRIES) + signal).astype(np.float32),
                "eta": random.normal(size=ENTRIES).astype(np.float32),
                "signal": signal,
            }
        return path.read_bytes()
