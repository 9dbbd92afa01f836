"""What is deployed, as values."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.testbed.place import Place

REPOSITORY = Path(__file__).parents[2]
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def as_faas_cli_reads_it(text: str) -> str:
    """Return `text` with every variable as it is when the environment is empty."""
    return VARIABLE.sub(lambda found: found[2] or "", text)


@pytest.fixture(scope="session")
def stack() -> dict[str, Any]:
    return yaml.safe_load(as_faas_cli_reads_it((REPOSITORY / "stack.yml").read_text()))


@pytest.fixture(scope="session")
def functions(stack) -> dict[str, dict[str, Any]]:
    return stack["functions"]


@pytest.fixture(scope="session")
def manifests() -> list[dict[str, Any]]:
    """Every Kubernetes object that lies in a file; kustomize's own files left out."""
    return [
        document
        for folder in ("kubernetes", "xrootd-proxy")
        for path in sorted((REPOSITORY / "deploy" / folder).rglob("*.yaml"))
        if path.name not in ("kustomization.yaml", "compose.yaml")
        for document in yaml.load_all(path.read_text(), yaml.CSafeLoader)
    ]


@pytest.fixture(scope="session")
def manifest(manifests) -> Callable[[str, str], dict[str, Any]]:
    def find(kind: str, name: str) -> dict[str, Any]:
        return next(m for m in manifests if (m["kind"], m["metadata"]["name"]) == (kind, name))

    return find


FUNCTIONS = ("specs", "chunk-preprocess", "train", "predict", "workflow")
#: What an operator puts beside an overlay; any content makes it build.
SECRETS = (
    "users.conf", "minio-user", "minio-password", "dispatcher-nats-user",
    "dispatcher-store-key", "dispatcher-private-key", "dispatcher-public-key", "door-cookie.env", "tls.crt", "tls.key",
    *(f"{name}-{kind}" for name in FUNCTIONS for kind in ("store-key", "nats-user")),
)  # fmt: skip


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[dict[str, Any]]]:
    """Return a function that gives the objects of an overlay, as kustomize builds it."""
    program = Path(Place.from_env(os.environ).program("kustomize"))
    kustomize = program if program.exists() else shutil.which("kustomize")
    if kustomize is None:
        pytest.skip("there is no kustomize; `make platform-up` builds it")
    deploy = tmp_path_factory.mktemp("overlays") / "deploy"
    shutil.copytree(REPOSITORY / "deploy", deploy, ignore=shutil.ignore_patterns("testbed"))
    _own_s3(deploy / "kubernetes/overlays")
    found = {}

    def build(overlay: str) -> list[dict[str, Any]]:
        folder = deploy / "kubernetes/overlays" / overlay
        for name in SECRETS:
            (folder / "secrets" / name).write_text("NAME=value\n")
        if overlay not in found:
            done = subprocess.run(
                [kustomize, "build", folder], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            found[overlay] = list(yaml.load_all(done.stdout, yaml.CSafeLoader))
        return found[overlay]

    return build


def _own_s3(overlays: Path) -> None:
    """Make the overlay `own-s3` of `plain`, as docs/operators.md says: a store of the site's own."""
    folder = overlays / "own-s3"
    shutil.copytree(overlays / "plain", folder)
    file = folder / "kustomization.yaml"
    own = yaml.safe_load(file.read_text())
    own["components"].insert(-1, "../../components/external-s3")
    (networks,) = [each for each in own["configMapGenerator"] if each["name"] == "networks"]
    networks["literals"].append("STORE=192.0.2.7/32")
    file.write_text(yaml.safe_dump(own))
