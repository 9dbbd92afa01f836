"""Programs of others, each run to its end."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_SAID = 3000  #: characters of its last words that an error shows


class CommandError(RuntimeError):
    """A program failed; the message names it, and ends with what it said."""


def output(
    command: Sequence[str],
    *,
    given: str | None = None,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a program and return what it printed.

    Raises:
        CommandError: it ended with another code than 0.
    """
    done = subprocess.run(
        list(command), input=given, cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout)[-_SAID:].strip()
        raise CommandError(f"{Path(command[0]).name} {' '.join(command[1:])}: {said}")
    return done.stdout
