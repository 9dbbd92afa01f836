"""Fixtures that every room may use."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest
from filelock import FileLock

from mlaas4hep.adapters.children.imports import imported_for_good

# Read when OpenMP is loaded. Two workers whose threads wait by spinning take the cores from each other:
# the tests of XGBoost and LightGBM then last five times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

with contextlib.suppress(ImportError):  # loaded after TensorFlow or XGBoost, it crashes
    import XRootD.client  # noqa: F401

hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")

TOP = Path(__file__).parents[1]

#: What shares what takes seconds to start: a laptop platform, TensorFlow in this process or in one
#: that children are forked from. One worker has all of a room; every other file is by itself.
ROOMS = (
    ("tests/acceptance/right_or_refused/",),
    (
        "tests/adapters/trainers/",
        "tests/contracts/test_trainer.py",
        "tests/http/workflow/runs/test_dryrun.py",
    ),
)
#: Begin before all others: at the end, one worker would work on these alone.
LONGEST = (
    *(room[0] for room in ROOMS),
    "tests/repository/test_dist.py",
    "tests/laptop/test_platform.py",
    "tests/cli/test_device_login.py",
    "tests/cli/test_ended.py",
    "tests/cli/test_local.py",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect without looking for garbage: modules and tests stay, and are looked through no more."""
    with imported_for_good():
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; all others, and the tests of a file, stay in their order."""
    turns = {unit: turn for turn, unit in enumerate(LONGEST)}
    items.sort(key=lambda item: turns.get(unit_of(item.nodeid), len(LONGEST)))


def unit_of(nodeid: str) -> str:
    """Return what one worker has whole: the test's file, or the first of the room that it is in."""
    file = nodeid.partition("::")[0]
    return next((room[0] for room in ROOMS if file.startswith(room)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Hand out files and rooms, where workers are asked for whole files (`--dist loadfile`)."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - there only with workers

    class Units(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    return Units(config, log)


@pytest.fixture(scope="session", autouse=True)
def _folder_of_tests(tmp_path_factory) -> None:
    """Make pytest's folder before a command has a temporary folder of its own, and removes it."""
    tmp_path_factory.getbasetemp()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real ROOT files that lies beside the clone; skip without it."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"there is no folder {folder} with real ROOT files")
    return folder


@pytest.fixture(scope="session")
def serving_models(request, tmp_path_factory) -> Path:
    """Return a folder of small trained models, made once and kept in pytest's cache."""
    return _made_by("model_factory", "serving-models", request, tmp_path_factory)


@pytest.fixture(scope="session")
def case_models(request, tmp_path_factory) -> Path:
    """Return a folder of models of odd kinds, made once and kept in pytest's cache."""
    return _made_by("case_factory", "case-models", request, tmp_path_factory)


def _made_by(script, name, request, tmp_path_factory) -> Path:
    if find_spec("tensorflow") is None:
        pytest.skip("the models are made with TensorFlow")
    factory = Path(__file__).with_name(f"{script}.py")
    version = hashlib.sha256(factory.read_bytes()).hexdigest()[:12]
    folder = request.config.cache.mkdir(name)
    kept = folder / version
    with FileLock(folder / f"{version}.lock"):  # workers share the cache
        if not kept.is_dir():
            made = tmp_path_factory.mktemp(name)
            command = [sys.executable, "-m", f"tests.{script}", made]
            subprocess.run(command, cwd=TOP, check=True, capture_output=True)
            shutil.copytree(made, folder / "copied", dirs_exist_ok=True)
            (folder / "copied").rename(kept)
    return kept
