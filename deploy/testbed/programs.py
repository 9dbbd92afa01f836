"""Go programs at pinned versions, built once and kept in the cache."""

import logging
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.testbed.place import REPOSITORY, Place

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A command in a Go module, at an exact version."""

    name: str
    module: str
    version: str


#: Exact versions, because a module proxy may serve them and yet refuse tags without a leading v.
PROGRAMS = (
    Program(
        name="faas-cli",
        module="github.com/openfaas/faas-cli",
        version="v0.0.0-20211012083206-08e3e965c831",
    ),
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
#: Ours, beside this file.
OURS = {"provider": "provider", "fwatchdog": "watchdog"}


def build(place: Place) -> None:
    """Build what is not in the cache yet."""
    for program in PROGRAMS:
        mark = place.cached("bin") / f"{program.name}-{program.version}"
        if not mark.exists():
            log.info("building %s %s", program.name, program.version)
            _build_module(place, program)
            mark.touch()
    for name, folder in OURS.items():
        _go(place, name, REPOSITORY / "deploy/testbed" / folder, ".")
    # faas-cli calls `docker`: Debian's, whose builder is in the daemon.
    docker = place.cached("bin") / "docker"
    if not docker.exists():
        docker.symlink_to("/usr/bin/docker")


def _build_module(place: Place, program: Program) -> None:
    """Build in a module of its own, which asks for nothing but this version."""
    with tempfile.TemporaryDirectory() as folder:
        text = f"module testbed\ngo 1.25\nrequire {program.module} {program.version}\n"
        Path(folder, "go.mod").write_text(text, encoding="utf-8")
        _go(place, program.name, Path(folder), program.module)


def _go(place: Place, name: str, folder: Path, package: str) -> None:
    go = shutil.which("go")
    if go is None:
        raise FileNotFoundError("the testbed builds Go programs: install Go 1.25 or newer")
    done = subprocess.run(
        [go, "build", "-mod=mod", "-buildvcs=false", "-trimpath", "-ldflags=-s -w"]
        + ["-o", place.program(name), package],
        cwd=folder,
        env=place.environment(CGO_ENABLED="0", GOFLAGS=""),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"go build {package}: {done.stderr[-3000:]}")
