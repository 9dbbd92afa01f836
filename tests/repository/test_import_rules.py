"""Each import rule of pyproject.toml is broken in a copy of the package, and notices every import."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("lint-imports")

#: rule -> modules that break it, each with the import that does
VIOLATIONS = {
    "arrows point down between the rooms": {
        "core/breaks.py": "mlaas4hep.ports",
        "client/breaks.py": "mlaas4hep.dispatcher",
        "laptop/breaks.py": "mlaas4hep.oneprocess",
        "unlisted.py": "mlaas4hep.errors",
    },
    "inside the core, each folder uses only those below it": {
        "core/data/breaks.py": "mlaas4hep.core.runs.run",
        "core/unlisted.py": "mlaas4hep.errors",
    },
    "families of adapters do not know each other": {
        "adapters/stores/breaks.py": "mlaas4hep.adapters.nats.connection",
        "adapters/unlisted.py": "mlaas4hep.errors",
    },
    "doors of different functions do not know each other": {
        "http/workflow/breaks.py": "mlaas4hep.http.predict.app",
    },
    "steps, use cases and serving see the world through ports only": {
        "pipeline/breaks.py": "mlaas4hep.adapters.memory",
    },
    "steps and use cases know no clock, no process, no environment and no vendor": {
        "usecases/breaks.py": "time",
        "pipeline/breaks.py": "nats",
    },
    "serving knows no process, no environment and no vendor but its caches": {
        "serving/breaks.py": "onnxruntime",
    },
    "the core does no I/O, looks at no clock, and knows NumPy and nothing else": {
        "core/breaks.py": "pydantic",
    },
    "the core touches no file": {"core/runs/breaks.py": "pathlib"},
    "the client needs nothing that only functions need": {"client/breaks.py": "numpy"},
    "pipeline, use cases, serving and adapters know no door": {"serving/breaks.py": "flask"},
    "ROOT files and XRootD are read by their adapters": {"serving/breaks.py": "uproot"},
    "tables of other formats are read and written by their adapters": {
        "http/breaks.py": "pyarrow",
    },
    "Frameworks stay with the trainer and the SavedModel": {"serving/breaks.py": "tensorflow"},
    "LiteRT stays in its adapter and with the trainer, which converts to it": {
        "serving/breaks.py": "ai_edge_litert",
    },
    "NATS is known to the messaging adapters and the dispatcher": {"http/breaks.py": "nats"},
    "S3 stays in its adapter": {"faas/breaks.py": "minio"},
    "tokens and keys stay in their adapters": {"http/breaks.py": "jwt"},
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    shutil.copy(ROOT / "pyproject.toml", folder)
    only_code = shutil.ignore_patterns("__pycache__", "node_modules", "static")
    shutil.copytree(ROOT / "mlaas4hep", folder / "mlaas4hep", ignore=only_code)
    return folder


@pytest.fixture(scope="module")
def broken(copy):
    """Return what is said about each broken rule when all are broken."""
    lines = {}
    for tries in VIOLATIONS.values():
        for path, imported in tries.items():
            lines.setdefault(copy / "mlaas4hep" / path, []).append(f"import {imported}\n")
    for module, imports in lines.items():
        module.write_text("".join(imports))
    yield checked(copy)
    for module in lines:
        module.unlink()


def checked(folder: Path) -> dict[str, str]:
    """Return the rules that do not hold in the package there, and what is said about each."""
    done = subprocess.run(
        [PROGRAM, "--no-logo"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert "Analyzed" in done.stdout, done.stdout + done.stderr
    listed, _, told = done.stdout.partition("Broken contracts")
    rules = [line.rpartition(" BROKEN")[0] for line in listed.splitlines() if "BROKEN" in line]
    parts = [told.partition(f"\n{rule}\n---")[2].partition("\n---")[0] for rule in rules]
    return dict(zip(rules, parts, strict=True))


def test_every_rule_is_tried():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rules = {rule["name"] for rule in settings["tool"]["importlinter"]["contracts"]}

    assert rules == set(VIOLATIONS)


def test_every_rule_holds():
    assert checked(ROOT) == {}


@pytest.mark.parametrize(
    ("rule", "path", "imported"),
    [(rule, path, each) for rule, tries in VIOLATIONS.items() for path, each in tries.items()],
)
def test_a_broken_rule_is_noticed(broken, rule, path, imported):
    module = f"mlaas4hep.{path.removesuffix('.py').replace('/', '.')}"

    assert f"{module} -> {imported}" in broken[rule] or f"- {module}\n" in broken[rule]
