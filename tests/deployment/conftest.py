"""What is deployed, as values."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

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
        for document in yaml.safe_load_all(path.read_text())
    ]


@pytest.fixture(scope="session")
def manifest(manifests) -> Callable[[str, str], dict[str, Any]]:
    def find(kind: str, name: str) -> dict[str, Any]:
        return next(m for m in manifests if (m["kind"], m["metadata"]["name"]) == (kind, name))

    return find
