"""The example that trains elsewhere, with PyTorch, on the chunks of a run; `make test-torch`."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from mlaas4hep.http.workflow.front import front
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline import table
from tests.asgi import serving
from tests.cli.conftest import Gateway
from tests.oracle import write_tree
from tests.people import FOLDER, World

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "outside"
LONGEST_S = 300


pytestmark = pytest.mark.skipif(
    find_spec("torch") is None, reason="PyTorch is not installed: make test-torch"
)


def train(folder, truth, *options):
    """Return what two workers of torchrun did with the chunks of a run whose labels are `truth` of x."""
    world = World(folder)
    alice = world.person("alice")
    x = np.random.default_rng(0).normal(size=2000)
    write_tree(folder / "a.root", "events", {"x": x, "truth": truth(x).astype(np.int32)})
    params = '{"branch": "events", "chunk_size": 300, "identifier": []}'
    texts = {"files.txt": "a.root", "labels.txt": "truth", "params.json": params}
    alice.upload({**FOLDER, **texts, "a.root": (folder / "a.root").read_bytes()})
    assert alice.submit().status_code == 200
    drain(world.services, table.steps("specs", "chunk-preprocess"))

    with serving(Gateway(front(world.app))) as url:
        return subprocess.run(
            [
                *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
                *("--nproc-per-node", "2", EXAMPLE / "train.py", "luca_1"),
                *("--batch", "50", "--out", folder / "luca.pt", *options),
            ],
            env={**os.environ, "MLAAS4HEP_URL": url, "MLAAS4HEP_TOKEN": world.token("alice")},
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )


def test_two_workers_of_torchrun_learn_one_model_from_the_chunks_of_a_run(tmp_path):
    launched = train(tmp_path, lambda x: x > 0, "--epochs", "30")

    assert launched.returncode == 0, launched.stderr
    losses = [float(line.rpartition(" ")[2]) for line in launched.stdout.splitlines()]
    assert len(losses) == 30
    assert losses[-1] < 0.8 * losses[0]
    assert (tmp_path / "luca.pt").stat().st_size > 0


def test_torch_workers_do_not_learn_three_classes_with_a_loss_of_two(tmp_path):
    launched = train(tmp_path, lambda x: np.digitize(x, (-0.5, 0.5)))

    assert launched.returncode != 0
    assert "labels beyond 0 and 1" in launched.stderr
    assert not (tmp_path / "luca.pt").exists()
