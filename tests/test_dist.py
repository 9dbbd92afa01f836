"""The wheel carries all that the package needs, and works where nothing of this clone is."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from mlaas4hep import __version__

REPOSITORY = Path(__file__).parents[1]
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
    described = yaml.safe_load((REPOSITORY / "openapi.yaml").read_text(encoding="utf-8"))

    assert cited["version"] == described["info"]["version"] == __version__


def test_what_the_index_shows_is_well_formed(wheel):
    command = [sys.executable, "-m", "twine", "check", "--strict", wheel]

    assert subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_the_command_and_the_client_work_from_the_wheel_alone(wheel, tmp_path):
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target]
    subprocess.run([*pip, wheel], check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(target), "HOME": str(tmp_path)}
    where = "import mlaas4hep, mlaas4hep.client; print(mlaas4hep.client.__file__)"

    shown = subprocess.run(
        [sys.executable, "-m", "mlaas4hep.cli", "--help"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = subprocess.run(
        [sys.executable, "-c", where],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert "submit" in shown
    assert Path(found.strip()).is_relative_to(target)
