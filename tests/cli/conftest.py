"""The command line, and a deployment on a free port for it."""

import asyncio
import json
import subprocess
import sys
from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest
import uproot

from mlaas4hep.cli import main
from mlaas4hep.core import keys
from mlaas4hep.http.workflow.front import front
from mlaas4hep.laptop import issuer
from tests.asgi import serving
from tests.people import FOLDER, World, pack

OWNER = keys.owner(issuer.ISSUER, "alice")


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    """Return a function that runs a command and tells exit code, stdout and stderr.

    It runs in this process, or, if something is said to it, in one of its own with a pipe.
    """
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*arguments, said=None):
        words = [str(argument) for argument in arguments]
        if said is not None:
            return piped(words, said)
        code = 0
        try:
            main(words)
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err, json=lambda: json.loads(out))

    return run


def piped(words, said):
    """Run a command that reads from a pipe, as a shell does."""
    command = [sys.executable, "-m", "mlaas4hep.cli", *words]
    done = subprocess.run(command, input=said, capture_output=True, text=True, check=False)
    return SimpleNamespace(
        code=done.returncode,
        out=done.stdout,
        err=done.stderr,
        json=lambda: json.loads(done.stdout),
    )


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


class Gateway:
    """An app at the path at which a gateway has it."""

    def __init__(self, app, prefix="/function/workflow"):
        self.app, self.prefix = app, prefix
        self.stop = app.stop

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            raw = scope["raw_path"].decode().removeprefix(self.prefix)
            scope = {
                **scope,
                "path": scope["path"].removeprefix(self.prefix),
                "raw_path": raw.encode(),
            }
        await self.app(scope, receive, send)


class Awaited(Gateway):
    """A gateway that does something as soon as somebody waits for a change."""

    def __init__(self, app, then):
        super().__init__(app)
        self._then = then

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and b"seen=" in scope["query_string"]:
            await asyncio.to_thread(self._then)
        await super().__call__(scope, receive, send)


@pytest.fixture
def deployment(world):
    """Return the options that reach a served world."""
    with serving(Gateway(front(world.app))) as url:
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


@pytest.fixture
def tarball(tmp_path):
    path = tmp_path / "luca.tar.gz"
    path.write_bytes(pack(FOLDER))
    return path


@pytest.fixture
def submitted(cli, deployment, tarball):
    cli("upload", tarball, *deployment)
    assert cli("submit", "luca", *deployment).code == 0


def tell(world, kind, **fields):
    world.services.runs.apply([kind(owner=OWNER, run="luca_1", **fields)])
