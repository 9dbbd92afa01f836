"""kubectl, as the cluster's administrator."""

from deploy import command
from deploy.testbed.cluster import keys
from deploy.testbed.place import Place


def run(place: Place, *arguments: str, given: str | None = None) -> str:
    """Run kubectl and return what it printed.

    Raises:
        CommandError: it failed; the message ends with what it said.
    """
    return command.output([*_kubectl(place), *arguments], given=given).strip()


def succeeds(place: Place, *arguments: str) -> bool:
    """Run kubectl and tell whether it succeeded."""
    try:
        run(place, *arguments)
    except command.CommandError:
        return False
    return True


def _kubectl(place: Place) -> list[str]:
    return [place.program("kubectl"), f"--kubeconfig={keys.kubeconfig(place)}"]
