"""The wheel carries all that the package needs, and works where nothing of this clone is."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from mlaas4hep import __version__
from mlaas4hep.http.workflow.front import front
from tests.asgi import serving
from tests.cli.conftest import Gateway
from tests.people import World

REPOSITORY = Path(__file__).parents[2]
WEB = REPOSITORY / "mlaas4hep" / "web"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("build", reason="the extra `dev` is not installed")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder]
    subprocess.run([*command, REPOSITORY], check=True, capture_output=True)
    (made,) = folder.glob("*.whl")  # made of the sdist
    return made


def test_the_page_types_licences_and_functions_are_inside(wheel):
    with zipfile.ZipFile(wheel) as packed:
        inside = set(packed.namelist())

    page = {str(path.relative_to(REPOSITORY)) for path in WEB.rglob("*") if path.is_file()}
    assert page <= inside
    assert {"mlaas4hep/py.typed", "mlaas4hep/_platform/functions/workflow/handler.py"} <= inside
    assert not [name for name in inside if name.startswith(("tests/", "bench/"))]


def test_the_version_has_one_place_and_the_citation_follows():
    cited = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    described = json.loads((WEB / "openapi.json").read_text(encoding="utf-8"))

    assert cited["version"] == described["info"]["version"] == __version__


def test_what_the_index_shows_is_well_formed(wheel):
    command = [sys.executable, "-m", "twine", "check", "--strict", wheel]

    assert subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def clean(wheel, tmp_path_factory):
    """Return a new environment with the wheel, what it requires, and nothing else."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder)
    pip(folder, "install", "--quiet", "--no-compile", wheel)
    return folder


def pip(clean, *command):
    """Return what our pip says of the environment, which has none of its own."""
    options = ["--python", clean, "--disable-pip-version-check"]
    return subprocess.run(
        [sys.executable, "-m", "pip", *options, *command],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def ran(clean, *command, **more):
    """Return what a program of the environment prints, started where nothing of the clone is."""
    home = {"HOME": str(clean), "PATH": os.environ["PATH"], **more}
    return subprocess.run(
        [clean / "bin" / command[0], *command[1:]],
        cwd=clean, env=home, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def test_the_client_installs_alone_and_knows_its_commands(clean):
    installed = json.loads(pip(clean, "list", "--format", "json"))
    names = {each["name"].lower() for each in installed}

    assert "submit" in ran(clean, "mlaas4hep", "--help")
    assert ran(clean, "mlaas4hep", "--version") == f"{__version__}\n"
    assert not names & {"numpy", "tensorflow", "nats-py", "flask", "uproot", "pandas"}
    assert len(names) < 30


def test_the_installed_client_asks_a_deployment(clean, tmp_path):
    world = World(tmp_path)
    with serving(Gateway(front(world.app))) as url:
        said = ran(clean, "mlaas4hep", "usage", "--url", url, "--token", world.token("alice"))

    assert said.startswith("alice")


def test_a_small_run_works_from_the_wheel(clean, tmp_path):
    """With the parts of the extra `local`, which are this environment's: they are gigabytes."""
    (site,) = clean.glob("lib/python*/site-packages")
    (site / "parts.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "all.npz", x=rng.normal(size=400), y=rng.integers(0, 2, 400))
    texts = {
        "files.txt": "all.npz\n",
        "labels.txt": "y\n",
        "params.json": '{"epochs": 1, "metrics": true}',
        "model.py": "from sklearn.linear_model import LogisticRegression\n\n"
        "def model(idim):\n    return LogisticRegression()\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)

    where = ran(clean, "python", "-c", "import mlaas4hep; print(mlaas4hep.__file__)").strip()
    ran(clean, "mlaas4hep", "run", str(tmp_path), "--out", str(tmp_path / "model"))

    assert Path(where).is_relative_to(site)
    assert (tmp_path / "model" / "contract.json").is_file()
