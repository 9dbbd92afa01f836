"""Go programs at pinned versions, built once and kept in the cache.

OpenFaaS's own come from the sources in `../shared/upstream`, vendored and as published, because
no module proxy serves them. Where that folder is missing, older or own parts stand in, and the
testbed says so; CI takes nothing but the real ones.
"""

import logging
import os
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy import command
from deploy.testbed.place import REPOSITORY, Place

log = logging.getLogger(__name__)

UPSTREAM = REPOSITORY.parent / "shared" / "upstream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A command in a source archive of its publisher, dependencies included."""

    name: str
    project: str
    version: str
    variable: str  #: the Go variable that holds the version

    @property
    def path(self) -> Path:
        """Return where the archive lies, if it does."""
        return UPSTREAM / f"{self.project}-{self.version}.tar.xz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A command in a Go module, at an exact version."""

    name: str
    module: str
    version: str


ARCHIVES = (
    Archive(
        name="faas-cli",
        project="faas-cli",
        version="0.18.12",
        variable="github.com/openfaas/faas-cli/version.Version",
    ),
    Archive(name="fwatchdog", project="of-watchdog", version="0.11.6", variable="main.Version"),
    Archive(name="faasd", project="faasd", version="0.18.8", variable="main.Version"),
)
#: Exact versions, because a module proxy may serve them and yet refuse tags without a leading v.
PROGRAMS = (
    # Of March 2023: the last months in which the gateway was under the MIT licence.
    Program(
        name="gateway",
        module="github.com/openfaas/faas/gateway",
        version="v0.0.0-20230317100158-e44448c5dca2",
    ),
    Program(
        name="minio",
        module="github.com/minio/minio",
        version="v0.0.0-20260212201848-7aac2a2c5b7c",
    ),
    Program(
        name="oauth2-proxy",
        module="github.com/oauth2-proxy/oauth2-proxy/v7",
        version="v7.15.3",
    ),
    Program(
        name="kustomize",
        module="sigs.k8s.io/kustomize/kustomize/v5",
        version="v5.7.1",
    ),
)
#: What stands in for an archive that is not there: an older version, or ours beside this file.
OLDER = {
    "faas-cli": Program(
        name="faas-cli",
        module="github.com/openfaas/faas-cli",
        version="v0.0.0-20211012083206-08e3e965c831",
    )
}
OURS = {"provider": "provider", "fwatchdog-of-ours": "watchdog"}
STAND_INS = {"fwatchdog": "watchdog"}


def build(place: Place) -> None:
    """Build what is not in the cache yet.

    Raises:
        FileNotFoundError: in CI, a source archive of OpenFaaS is missing.
    """
    for archive in ARCHIVES:
        _build_real(place, archive)
    for program in PROGRAMS:
        _build_once(place, program)
    for name, folder in OURS.items():
        _go(place, name, REPOSITORY / "deploy/testbed" / folder, ".")
    # faas-cli calls `docker`: Debian's, whose builder is in the daemon.
    docker = place.cached("bin") / "docker"
    if not docker.exists():
        docker.symlink_to("/usr/bin/docker")


def is_real(place: Place, name: str) -> bool:
    """Tell whether a program of `ARCHIVES` was built from its publisher's sources."""
    archive = next(archive for archive in ARCHIVES if archive.name == name)
    return _mark(place, archive.name, archive.version).exists()


def _mark(place: Place, name: str, version: str) -> Path:
    """Return the file that says which version of a program the cache holds."""
    return place.cached("bin") / f"{name}-{version}"


def _build_real(place: Place, archive: Archive) -> None:
    mark = _mark(place, archive.name, archive.version)
    if mark.exists():
        return
    if not archive.path.is_file():
        _build_stand_in(place, archive)
        return
    log.info("building %s %s", archive.project, archive.version)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive.path) as sources:
            sources.extractall(folder, filter="data")
        flags = f"-s -w -X {archive.variable}={archive.version}"
        sources_in = Path(folder, archive.project)
        _go(place, archive.name, sources_in, ".", modules="vendor", flags=flags)
    mark.touch()


def _build_stand_in(place: Place, archive: Archive) -> None:
    if os.environ.get("CI"):
        raise FileNotFoundError(f"{archive.path} is missing: CI tests against the real one")
    log.warning(
        "%s %s is not here; a stand-in may take its place", archive.project, archive.version
    )
    if archive.name in OLDER:
        _build_once(place, OLDER[archive.name])
    elif archive.name in STAND_INS:
        _go(place, archive.name, REPOSITORY / "deploy/testbed" / STAND_INS[archive.name], ".")


def _build_once(place: Place, program: Program) -> None:
    mark = _mark(place, program.name, program.version)
    if not mark.exists():
        log.info("building %s %s", program.name, program.version)
        _build_module(place, program)
        mark.touch()


def _build_module(place: Place, program: Program) -> None:
    """Build in a module of its own, which asks for nothing but this version."""
    with tempfile.TemporaryDirectory() as folder:
        text = f"module testbed\ngo 1.25\nrequire {program.module} {program.version}\n"
        Path(folder, "go.mod").write_text(text, encoding="utf-8")
        _go(place, program.name, Path(folder), program.module)


def _go(
    place: Place,
    name: str,
    folder: Path,
    package: str,
    *,
    modules: str = "mod",
    flags: str = "-s -w",
) -> None:
    go = shutil.which("go")
    if go is None:
        raise FileNotFoundError("the testbed builds Go programs: install Go 1.25 or newer")
    command.output(
        [go, "build", f"-mod={modules}", "-buildvcs=false", "-trimpath", f"-ldflags={flags}"]
        + ["-o", place.program(name), package],
        cwd=folder,
        env=place.environment(CGO_ENABLED="0", GOFLAGS=""),
    )
