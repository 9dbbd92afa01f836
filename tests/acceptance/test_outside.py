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


@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed: make test-torch")
def test_two_workers_of_torchrun_learn_one_model_from_the_chunks_of_a_run(tmp_path):
    world = World(tmp_path)
    alice = world.person("alice")
    x = np.random.default_rng(0).normal(size=2000)
    write_tree(tmp_path / "a.root", "events", {"x": x, "truth": (x > 0).astype(np.int32)})
    params = '{"branch": "events", "chunk_size": 300, "identifier": []}'
    texts = {"files.txt": "a.root", "labels.txt": "truth", "params.json": params}
    alice.upload({**FOLDER, **texts, "a.root": (tmp_path / "a.root").read_bytes()})
    assert alice.submit().status_code == 200
    drain(world.services, table.steps("specs", "chunk-preprocess"))

    with serving(Gateway(front(world.app))) as url:
        launched = subprocess.run(
            [
                *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
                *("--nproc-per-node", "2", EXAMPLE / "train.py", "luca_1"),
                *("--epochs", "30", "--batch", "50", "--out", tmp_path / "luca.pt"),
            ],
            env={**os.environ, "MLAAS4HEP_URL": url, "MLAAS4HEP_TOKEN": world.token("alice")},
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )

    assert launched.returncode == 0, launched.stderr
    losses = [float(line.rpartition(" ")[2]) for line in launched.stdout.splitlines()]
    assert len(losses) == 30
    assert losses[-1] < 0.8 * losses[0]
    assert (tmp_path / "luca.pt").stat().st_size > 0
