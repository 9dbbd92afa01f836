"""The registry of the testbed's images: one store, served to Docker and to the Kubernetes node."""

import logging

from deploy import command
from deploy.testbed import probe, process
from deploy.testbed.cluster import processes
from deploy.testbed.place import Place

log = logging.getLogger(__name__)

_PROGRAM = "docker-registry"
_NAME = "registry"
_REPOSITORIES = "docker/registry/v2/repositories"  #: in the store, as soon as it has an image


def start(place: Place) -> None:
    """Serve it on loopback, and return when it answers."""
    process.start(place, _NAME, serving(place), ready=probe.http(f"http://{address(place)}/v2/"))


def address(place: Place) -> str:
    """Return where it listens: HOST:PORT."""
    return f"127.0.0.1:{place.ports['registry']}"


def serving(place: Place) -> list[str]:
    """Return the command that serves it, without the images that lost their tag to a later build."""
    config, store = place.folder("registry") / "config.yml", place.cached("registry")
    config.write_text(
        "version: 0.1\nlog: {level: warn}\n"
        f"storage: {{filesystem: {{rootdirectory: {store}}}}}\n"
        f"http: {{addr: '{address(place)}'}}\n",
        encoding="utf-8",
    )
    # Docker's runs here, the node's in its network namespace; both serve the one store.
    is_served = process.running(place, _NAME) or processes.running(place, _NAME)
    if (store / _REPOSITORIES).exists() and not is_served:  # it deletes: nobody may push
        log.info("removing old images from the registry")
        command.output([_PROGRAM, "garbage-collect", "--delete-untagged", str(config)])
    return [_PROGRAM, "serve", str(config)]
