"""kubectl, as the cluster's administrator."""

import subprocess
from collections.abc import Sequence

from deploy.testbed.cluster import keys
from deploy.testbed.place import Place


def run(place: Place, *arguments: str, given: str | None = None) -> str:
    """Run kubectl and return what it printed.

    Raises:
        RuntimeError: it failed; the message ends with what it said.
    """
    done = _call(place, arguments, given)
    if done.returncode:
        raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr[-3000:]}")
    return done.stdout.strip()


def succeeds(place: Place, *arguments: str) -> bool:
    """Run kubectl and tell whether it succeeded."""
    return _call(place, arguments, None).returncode == 0


def _call(
    place: Place, arguments: Sequence[str], given: str | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [place.program("kubectl"), f"--kubeconfig={keys.kubeconfig(place)}", *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
