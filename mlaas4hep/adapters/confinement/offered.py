"""What confinement this node offers: found out once, by a process that confines itself."""

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from mlaas4hep.adapters.confinement.confinement import confine
from mlaas4hep.adapters.confinement.environment import bare_environment

_SECONDS = 60
_MEMORY_BYTES = 1024**3


@cache
def offered() -> tuple[str, ...]:
    """Return the means that a foreign program would be confined with here."""
    with (
        suppress(subprocess.SubprocessError, OSError),
        tempfile.TemporaryDirectory(prefix="mlaas-offered-") as folder,
    ):
        ended = subprocess.run(
            [sys.executable, "-P", "-s", "-m", __name__, str(os.getpid())],
            cwd=folder,
            env=bare_environment(Path(folder)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return tuple(ended.stdout.splitlines())
    return ()


if __name__ == "__main__":
    print(  # noqa: T201 - its parent reads it
        *confine(work=Path.cwd(), memory_bytes=_MEMORY_BYTES, parent=int(sys.argv[1])), sep="\n"
    )
