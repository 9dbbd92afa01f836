"""Debian packages that the testbed needs."""

import logging
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

log = logging.getLogger(__name__)

#: A program of each package tells whether it is installed.
PACKAGES = {
    "/usr/sbin/dockerd": "docker.io",
    "/usr/bin/docker": "docker.io",
    "/usr/bin/docker-registry": "docker-registry",
    "/usr/sbin/debootstrap": "debootstrap",
    "/usr/sbin/iptables": "iptables",
    "/usr/bin/prometheus": "prometheus",
    "/usr/bin/xrootd": "xrootd-server",
    "/usr/bin/xrdcp": "xrootd-client",
    "/usr/bin/openssl": "openssl",
    "/usr/bin/curl": "curl",
}
#: Packages without a program of their own, by a file.
LIBRARIES = {"xrootd-plugins": "xrootd-server"}


def install() -> None:
    """Install what is missing; does not ask the network if nothing is."""
    missing = {package for program, package in PACKAGES.items() if shutil.which(program) is None}
    if not missing:
        return
    missing |= {package for package, friend in LIBRARIES.items() if friend in missing}
    _install(missing)


def install_missing(packages: Mapping[str, str]) -> None:
    """Install the packages, by a file of each, whose file is not there."""
    missing = {package for file, package in packages.items() if not Path(file).exists()}
    if missing:
        _install(missing)


def _install(missing: set[str]) -> None:
    log.info("installing %s", " ".join(sorted(missing)))
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(
        ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *sorted(missing)],
        check=True,
        env={"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
