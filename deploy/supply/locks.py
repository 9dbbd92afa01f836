"""`make locks`: write which files images install, each by its hash, from pyproject.toml.

A lock of each extra holds what it needs beyond the package and `function`, so that the locks of any
extras go together: all of them come from one resolution. Of each library the wheels are locked
that an image can take, for CPython on Linux, x86_64 and aarch64. uv resolves; where its index is
another one, `UV_DEFAULT_INDEX` and `UV_INDEX` say so: no lock names one.
"""

import argparse
import json
import re
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from deploy import command
from mlaas4hep.adapters.sources.formats import FORMATS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "templates/python3-mlaas/requirements/locked"
PYTHONS = ">=3.11,<3.14"  #: TensorFlow has no wheels for later ones
LINUX = re.compile("manylinux.*_(x86_64|aarch64)$")
NOT_FOR_IMAGES = {"local", "demo", "dev", "supply", "notebook", "keyring", "scores", "chunks"}
#: Libraries that another one stands in for, though what needs them asks for them by name.
#: tf-keras asks for `tensorflow`, which is `tensorflow-cpu` and 600 MB more.
REPLACED = {"tensorflow": "tensorflow-cpu"}
#: What a lock stands on: its requirements are not repeated.
BELOW = {"client": (), "function": ("client",)}
HEAD = (
    "# Made from pyproject.toml by `make locks`: change that one. What {name} installs{beyond}.\n"
)


def main() -> None:
    """Write all locks; libraries that pyproject.toml does not pin stay as they are locked."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--upgrade", action="store_true", help="take the newest of all others")
    project = wanted()
    with tempfile.TemporaryDirectory() as folder:
        _resolve(Path(folder), project, [] if arguments.parse_args().upgrade else kept(project))
        hashes = _hashes(Path(folder))
        exported = {name: _exported(Path(folder), name) for name in names(project)}
    FOLDER.mkdir(exist_ok=True)
    for name, lines in exported.items():
        below = {
            line for lower in BELOW.get(name, ("client", "function")) for line in exported[lower]
        }
        text = [_locked(line, hashes) for line in lines if line not in below]
        beyond = " beyond `function`" if name not in BELOW else ""
        head = HEAD.format(name=f"`{name}`", beyond=beyond)
        (FOLDER / f"{name}.txt").write_text(head + "".join(text), encoding="utf-8")


def wanted() -> dict[str, Any]:
    """Return the project of pyproject.toml with the extras that images may have.

    `formats`, which pyproject.toml has not, is what all formats of input files need.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    kept = {name: lines for name, lines in extras.items() if name not in NOT_FOR_IMAGES}
    of_formats = sorted({row.extra for row in FORMATS if row.extra})
    kept["formats"] = [f"mlaas4hep[{','.join(of_formats)}]"]
    return {"dependencies": project["dependencies"], "optional-dependencies": kept}


def names(project: dict[str, Any]) -> list[str]:
    """Return the locks that there are: of the package alone, which is its client, and its extras."""
    return ["client", *project["optional-dependencies"]]


def kept(project: dict[str, Any]) -> list[str]:
    """Return what is locked now and not pinned by pyproject.toml, without hashes.

    With its marker only where versions differ: uv would look at each machine that a marker names.
    """
    lines = {
        line.removesuffix("\\").strip()
        for path in FOLDER.glob("*.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith(("#", " "))
    }
    versions = Counter(_name(pin) for pin in {line.partition(" ;")[0] for line in lines})
    pins = {
        _name(line)
        for extra in [project["dependencies"], *project["optional-dependencies"].values()]
        for line in extra
    }
    return sorted(
        line if versions[_name(line)] > 1 else line.partition(" ;")[0]
        for line in lines
        if _name(line) not in pins
    )


def _name(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)


def _resolve(folder: Path, project: dict[str, Any], constraints: list[str]) -> None:
    """Let uv write a lock of its own, which names addresses, into `folder`."""
    lines = ["[project]", 'name = "mlaas4hep"', 'version = "0"', f'requires-python = "{PYTHONS}"']
    lines += [f"dependencies = {json.dumps(project['dependencies'])}"]
    lines += ["[project.optional-dependencies]"]
    lines += [
        f"{name} = {json.dumps(all_)}" for name, all_ in project["optional-dependencies"].items()
    ]
    lines += ["[tool.uv]", "package = false", "environments = [\"sys_platform == 'linux'\"]"]
    lines += [f"constraint-dependencies = {json.dumps(constraints)}"]
    nowhere = [f"{name} ; sys_platform == 'none'" for name in REPLACED]
    lines += [f"override-dependencies = {json.dumps(nowhere)}"]
    (folder / "pyproject.toml").write_text("\n".join(lines), encoding="utf-8")
    _uv(folder, "lock", "--quiet", "--no-build")


def _hashes(folder: Path) -> dict[tuple[str, str], list[str]]:
    """Return the hashes of the wheels that an image can take, by name and version."""
    packages = tomllib.loads((folder / "uv.lock").read_text(encoding="utf-8"))["package"]
    return {
        (package["name"], package["version"]): sorted(fitting(package.get("wheels", [])))
        for package in packages
    }


def fitting(wheels: list[dict[str, str]]) -> Iterator[str]:
    """Yield the hashes of wheels for one of the Pythons and machines of images."""
    for wheel in wheels:
        _, _, _, tags = parse_wheel_filename(unquote(wheel["url"].rpartition("/")[2]))  # "%2Bcpu"
        if any(_fits(tag.interpreter, tag.abi, tag.platform) for tag in tags):
            yield wheel["hash"]


def _fits(interpreter: str, abi: str, platform: str) -> bool:
    python = interpreter.startswith("py3") or abi in {"abi3", "cp311", "cp312", "cp313"}
    return python and (platform == "any" or bool(LINUX.match(platform)))


def _exported(folder: Path, name: str) -> list[str]:
    """Return what the package needs with one extra and `function`, a line each, without hashes."""
    extras = {"client": []}.get(name, ["--extra", "function", "--extra", name])
    plain = ("--quiet", "--frozen", "--no-header", "--no-annotate", "--no-hashes")
    return _uv(folder, "export", *plain, *extras).splitlines()


def _locked(line: str, hashes: dict[tuple[str, str], list[str]]) -> str:
    """Return a requirement with the hashes of its wheels."""
    name, _, version = line.partition(" ;")[0].partition("==")
    found = hashes[name.partition("[")[0], version.strip()]
    if not found:
        raise SystemExit(f"{line} has no wheel for an image; nothing was written")
    return " \\\n    ".join([line, *(f"--hash={each}" for each in found)]) + "\n"


def _uv(folder: Path, *arguments: str) -> str:
    import uv  # noqa: PLC0415 - of the extra `supply`, which tests of the locks do without

    try:
        return command.output([uv.find_uv_bin(), "--system-certs", *arguments], cwd=folder)
    except command.CommandError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
