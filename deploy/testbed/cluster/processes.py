"""The cluster's processes: those of the testbed that run in its network namespace."""

from collections.abc import Callable

from deploy.testbed import process
from deploy.testbed.cluster import network
from deploy.testbed.place import Place

_PREFIX = "cluster-"  #: of their names, so that they are told from the platform's


def start(
    place: Place,
    name: str,
    command: list[str],
    ready: Callable[[], bool] = lambda: True,
) -> None:
    """Start one unless it runs already, and return when it is ready."""
    process.start(place, _PREFIX + name, network.inside(command), ready=ready)


def running(place: Place, name: str) -> bool:
    """Tell whether one is alive."""
    return process.running(place, _PREFIX + name)


def stop(place: Place, name: str) -> None:
    """End one; one that is not there is fine."""
    process.stop(place, _PREFIX + name)


def flags(options: dict[str, object]) -> list[str]:
    """Return options as a command's words."""
    return [f"--{name}={value}" for name, value in options.items()]
