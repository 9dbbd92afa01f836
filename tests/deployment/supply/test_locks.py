"""The locks are of what pyproject.toml asks for: all of it, and nothing that is not hashed."""

import importlib.metadata
import json
import re
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.supply import locks

PROJECT = locks.wanted()
NAMES = locks.names(PROJECT)
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; (.+?))?(?: \\)?$", re.MULTILINE)
NPM = locks.ROOT / "deploy/testbed/identity"


def locked(name: str) -> str:
    return (locks.FOLDER / f"{name}.txt").read_text()


def pins(*names: str) -> dict[str, set[str]]:
    """Return the locked versions of each library; some differ by Python."""
    found: dict[str, set[str]] = {}
    for name in names:
        for library, version, _ in PIN.findall(locked(name)):
            found.setdefault(library, set()).add(version)
    return found


def asked(extra: str) -> list[str]:
    """Return what pyproject.toml asks for by name, extras of extras followed."""
    if extra == "client":
        return list(PROJECT["dependencies"])
    lines = PROJECT["optional-dependencies"][extra]
    own = [Requirement(line) for line in lines if line.startswith("mlaas4hep[")]
    nested = [line for one in own for name in one.extras for line in asked(name)]
    return nested + [line for line in lines if not line.startswith("mlaas4hep[")]


def test_there_is_a_lock_of_every_extra_that_an_image_may_have_and_no_other():
    assert {path.stem for path in locks.FOLDER.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_pin_of_the_package_is_locked_as_it_is(name):
    found = pins("client", "function", name)
    wanted = [Requirement(line) for line in asked(name)]

    assert {canonicalize_name(one.name): {str(one.specifier)[2:]} for one in wanted} == {
        canonicalize_name(one.name): found.get(canonicalize_name(one.name)) for one in wanted
    }, "run `make locks`"


@pytest.mark.parametrize("name", NAMES)
def test_every_library_that_is_needed_is_locked(name):
    found = pins("client", "function", name)

    assert {library for line in asked(name) for library in needed(Requirement(line))} <= set(found)


def test_what_another_library_stands_in_for_is_not_installed_beside_it():
    found = {name: pins("client", "function", name) for name in NAMES}

    assert "tf-keras" in found["train"]  # which asks for `tensorflow`
    for replaced, by in locks.REPLACED.items():
        assert by in found["train"]
        assert not [name for name, libraries in found.items() if replaced in libraries]


def needed(requirement: Requirement, seen: set[str] | None = None) -> Iterator[str]:
    """Yield a library and what it needs, as far as this environment has it."""
    seen = set() if seen is None else seen
    for extra in ("", *requirement.extras):
        name = canonicalize_name(requirement.name)
        name = locks.REPLACED.get(name, name)
        if f"{name}[{extra}]" in seen:
            continue
        seen.add(f"{name}[{extra}]")
        yield name
        for each in requires(name):
            if each.marker is None or each.marker.evaluate({"extra": extra}):
                yield from needed(each, seen)


def requires(name: str) -> list[Requirement]:
    try:
        return [Requirement(line) for line in importlib.metadata.requires(name) or []]
    except importlib.metadata.PackageNotFoundError:  # PyTorch
        return []


@pytest.mark.parametrize("name", NAMES)
def test_every_line_has_a_hash_and_nothing_else(name):
    for block in re.split(r"\n(?=\S)", locked(name).strip())[1:]:
        pin, *hashes = block.split(" \\\n")
        assert PIN.match(pin), pin
        assert hashes, pin
        assert all(re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}", each) for each in hashes), pin


def test_wheels_of_a_build_for_processors_are_found_in_an_index_that_escapes_their_names():
    wheels = [
        {"url": f"http://127.0.0.1/torch-2.15.0%2Bcpu-{tag}.whl", "hash": tag}
        for tag in ("cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-win_amd64")
    ]

    assert [*locks.fitting(wheels)] == ["cp311-cp311-manylinux_2_28_x86_64"]


def test_locks_of_any_extras_go_together():
    versions: dict[tuple[str, str], set[str]] = {}
    for name in NAMES:
        for library, version, marker in PIN.findall(locked(name)):
            versions.setdefault((library, marker), set()).add(version)

    assert {library: found for library, found in versions.items() if len(found) > 1} == {}


def test_locks_stay_as_they_are_where_the_package_does_not_pin():
    kept = locks.kept(PROJECT)

    assert "werkzeug" in {line.partition("==")[0] for line in kept}
    assert not {"flask", "pyjwt"} & {line.partition("==")[0] for line in kept}


def test_the_lock_of_npm_is_of_the_versions_that_are_asked_for_and_names_no_registry():
    wanted = json.loads((NPM / "package.json").read_text())["dependencies"]
    found = json.loads((NPM / "package-lock.json").read_text())["packages"]

    assert found.pop("")["dependencies"] == wanted
    assert all(each["integrity"].startswith("sha512-") for each in found.values())
    assert not any("resolved" in each for each in found.values())
