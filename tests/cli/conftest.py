"""The command line in this process, and a deployment on a free port for it."""

import json
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest
import uproot
from werkzeug.serving import make_server

from mlaas4hep.cli import main
from tests.people import World, behind_gateway


@pytest.fixture
def cli(capsys):
    """Return a function that runs a command and tells exit code, stdout and stderr."""

    def run(*arguments):
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err, json=lambda: json.loads(out))

    return run


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@contextmanager
def served(app):
    """Give the address of an app that is served while the context lasts."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def deployment(world):
    """Return the options that reach a served world."""
    with served(behind_gateway(world.app)) as url:
        yield "--url", url, "--token", world.token("alice")


@pytest.fixture
def folder(tmp_path):
    """Return a folder with two small files, one branch of them jagged, and all texts."""
    rng = np.random.default_rng(1)
    where = tmp_path / "luca"
    where.mkdir()
    for name, shift in (("signal.root", 1.0), ("background.root", 0.0)):
        counts = rng.integers(0, 3, 40)
        with uproot.recreate(where / name) as file:
            file.mktree("events", {"runNo": "int32", "pt": "float32", "eta": "var * float32"})
            file["events"].extend(
                {
                    "runNo": np.arange(40, dtype=np.int32),
                    "pt": (rng.normal(shift, 1, 40)).astype(np.float32),
                    "eta": ragged(rng.normal(0, 1, counts.sum()).astype(np.float32), counts),
                }
            )
    (where / "files.txt").write_text("signal.root\nbackground.root\n")
    (where / "labels.txt").write_text("1\n0\n")
    (where / "params.json").write_text(
        '{"branch": "events", "identifier": ["runNo"], "exclude_branches": "neta",'
        ' "chunk_size": 30, "epochs": 2}'
    )
    (where / "model.py").write_text(MODEL)
    return where


def ragged(content, counts):
    return ak.unflatten(content, counts)


MODEL = """
import keras


def model(idim):
    net = keras.Sequential([keras.Input((idim,)), keras.layers.Dense(1, activation="sigmoid")])
    net.compile(optimizer="adam", loss="binary_crossentropy")
    return net
"""
