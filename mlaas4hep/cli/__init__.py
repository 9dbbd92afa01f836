"""The command line; `mlaas4hep -h` lists what it can do."""

from collections.abc import Callable, Sequence
from functools import cache

from mlaas4hep.adapters.children.imports import imported_for_good

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that was typed, or `arguments`.

    Raises:
        SystemExit: it is done; this process lives on if it gave the arguments.
    """
    _commands()(arguments)


@cache
def _commands() -> Callable[[Sequence[str] | None], None]:
    """Import all commands, once: a sixth of that would be the garbage collector's."""
    with imported_for_good():
        from mlaas4hep.cli import app  # noqa: PLC0415 - inside of that

    return app.main
