"""An XRootD storage element with ROOT files, and the caching proxy in front of it."""

import shutil
from pathlib import Path

from deploy.testbed import probe, process
from deploy.testbed.place import REPOSITORY, Place

USER = "xrootd"
#: XRootD does not run as root; it may pass closed folders on the way to its own.
AS_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups")
PASS_FOLDERS = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
ORIGIN = REPOSITORY / "deploy/testbed/origin.cfg"
PROXY = REPOSITORY / "deploy/xrootd-proxy/configuration/proxy.cfg"


def start(place: Place) -> None:
    """Start both; what lies in `.platform/origin/store` can be read as /store/… ."""
    data = place.folder("origin", "store").parent
    _serve(place, "origin", ORIGIN, XROOTD_DATA=_owned(data))
    cache = _owned(place.folder("xrootd-cache"))
    _serve(place, "xrootd", PROXY, XROOTD_CACHE=cache, XROOTD_ORIGIN=place.at("origin"))


def _serve(place: Place, name: str, config: Path, **env: str) -> None:
    run = _owned(place.folder("run", name))
    process.start(
        place,
        name,
        [*AS_USER, *PASS_FOLDERS, "xrootd", "-n", name, "-c", str(config)],
        ready=probe.tcp(place.at(name)),
        env={**env, "XROOTD_PORT": str(place.ports[name]), "XROOTD_RUN": run},
    )


def _owned(folder: Path) -> str:
    shutil.chown(folder, USER)
    return str(folder)
