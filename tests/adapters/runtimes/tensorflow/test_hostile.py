"""Models of TensorFlow that mean harm are refused, or do it to nobody; one process makes them all."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.runtimes.choose import Runtimes
from mlaas4hep.adapters.runtimes.confined.allowance import HEAVY
from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import MlaasError

DENIED = r"(?i)permission denied|read-only file system"
SECRET = "of-somebody-else"


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """Return a folder with a file, and an empty one that anybody may write to."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret").write_text(f"{SECRET}\n")
    (folder / "there").mkdir()
    (folder / "there").chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def models(outside, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "models"
    module = "tests.adapters.runtimes.tensorflow.hostile"
    command = [sys.executable, "-m", module, folder, outside / "secret", outside / "there"]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run(command, check=True, env=os.environ | quiet, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def ask(models):
    runtimes = Runtimes({"tensorflow": replace(HEAVY, load_s=60)})

    def ask(name):
        store = MemoryStore(lambda: 0.0)
        files = [
            path.relative_to(models / name).as_posix()
            for path in (models / name).rglob("*")
            if path.is_file()
        ]
        for file in files:
            store.put(keys.model_file("o", "m", name, file), (models / name / file).read_bytes())
        record = ModelRecord(owner="o", name="m", version=name, files=tuple(sorted(files)))
        runtime = runtimes.load(store, record)
        (entry,) = runtime.inputs
        return runtime.run({entry.name: np.ones((1, 2), np.float32)})

    return ask


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("reads", DENIED),
        ("reads-lines", DENIED),
        ("reads-records", DENIED),
        ("reads-weights", DENIED),
        ("writes", DENIED),
        ("writes-here", DENIED),
        ("writes-weights", DENIED),
        ("moves-weights", DENIED),
        ("keeps", DENIED),
        ("snapshots", DENIED),
        ("prints", DENIED),
        ("asset-elsewhere", DENIED),
        ("reads-a-server", "refuses these inputs"),
        ("calls-python", "calls Python code"),
        ("calls-itself", "cyclic dependency"),
        ("lies-about-shapes", "incompatible tensor"),
        ("names-nothing", "cannot be loaded"),
        ("shard-is-empty", "cannot be loaded"),
        ("index-is-noise", "cannot be loaded"),
        ("is-no-graph", "cannot be loaded"),
        ("gives-much", "ended"),
        ("keras-system", "Keras .* cannot load it"),
        ("keras-process", "Keras .* cannot load it"),
        ("keras-fetches", "Keras .* cannot load it"),
        ("keras-unsafe", "Keras .* cannot load it"),
        ("keras-lambda", "Keras .* cannot load it"),
        ("keras-other", "Keras .* cannot load it"),
        ("keras-words", "Keras .* cannot load it"),
        ("keras-large", "Keras .* cannot load it"),
    ],
)
def test_what_means_harm_is_refused_with_the_reason(ask, outside, name, says):
    with pytest.raises(MlaasError, match=says) as caught:
        ask(name)

    assert SECRET not in str(caught.value)
    assert not list((outside / "there").iterdir())
    assert (outside / "secret").read_text() == f"{SECRET}\n"


def test_what_lies_elsewhere_is_not_listed(ask):
    (found,) = ask("lists").values()

    assert not found.any()


def test_what_a_keras_file_packs_for_elsewhere_is_not_written_there(ask, outside):
    (found,) = ask("keras-paths").values()

    assert found.shape == (1, 2)
    assert not list((outside / "there").iterdir())


@pytest.mark.parametrize("name", ["good", "asset"])
def test_honest_models_of_the_same_kind_are_served(ask, name):
    (found,) = ask(name).values()

    np.testing.assert_array_equal(found, [[2, 2]] if name == "good" else [[6, 6]])
