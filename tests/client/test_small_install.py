"""Who only calls a deployment has little installed: the client and its commands work with that."""

import subprocess
import sys

import pytest

INSTALLED = {"httpx2", "platformdirs", "pydantic", "rich", "typer"}
BLOCKED = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""
ABSENT = [
    "aiohttp",
    "awkward",
    "cryptography",
    "flask",
    "jwt",
    "keras",
    "minio",
    "nats",
    "numpy",
    "orjson",
    "prometheus_client",
    "starlette",
    "tensorflow",
    "uproot",
    "urllib3",
    "uvicorn",
    "uvloop",
    "werkzeug",
]


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python that lacks what only functions need."""
    script = BLOCKED.format(names=set(ABSENT)) + code
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )


def test_the_client_can_be_imported_and_used():
    said = python("""
import httpx2
from mlaas4hep.client import Client
from mlaas4hep.client.connections.connection import Connection
from mlaas4hep.errors import NotFoundError

answer = httpx2.Response(404, json={"error": {"code": "not_found", "message": "no such run"}})
line = Connection(transport=httpx2.MockTransport(lambda _: answer))
with Client("http://door", connection=line) as client:
    try:
        client.run("luca_1")
    except NotFoundError as error:
        print(error)
""")

    assert (said.stdout, said.stderr) == ("no such run\n", "")


@pytest.mark.parametrize("command", ["upload", "submit", "watch", "models", "score", "--version"])
def test_commands_for_a_deployment_start(command):
    said = python("from mlaas4hep.cli import main; main()", command, "--help")

    assert (said.returncode, said.stderr) == (0, "")


def test_a_command_that_needs_more_says_what_to_install(tmp_path):
    said = python("from mlaas4hep.cli import main; main()", "run", str(tmp_path))

    assert said.returncode == 1
    assert "is not installed" in said.stderr
    assert "pip install 'mlaas4hep[local]'" in said.stderr
    assert "Traceback" not in said.stderr


def test_the_client_imports_no_third_party_module_that_is_not_installed_with_it():
    said = python("""
import mlaas4hep.cli.app
from mlaas4hep.client import AsyncClient, Client
import importlib.metadata as metadata
owners = metadata.packages_distributions()
loaded = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(*sorted({owner for name in loaded for owner in owners.get(name, ())}))
""")

    loaded = set(said.stdout.split())
    assert loaded >= INSTALLED - {"platformdirs", "pydantic"}  # which come when they are needed
    assert not loaded & set(ABSENT)
