"""All commands together, and what becomes of their errors."""

import logging
import os
import sys
from collections.abc import Callable, Sequence

import typer

from mlaas4hep import __version__
from mlaas4hep.cli import (
    account,
    local,
    login,
    models,
    platform,
    predictions,
    runs,
    scans,
    scores,
    tarballs,
    versions,
)
from mlaas4hep.cli.terminal.ending import end_at_once
from mlaas4hep.cli.terminal.follow import LostSightError
from mlaas4hep.cli.terminal.screen import show_problem, tell_problem
from mlaas4hep.cli.terminal.signals import ended_by_signals
from mlaas4hep.errors import TRACEBACK, MlaasError, Problem, unforeseen
from mlaas4hep.settings import SettingsError

FAILED = 1
LOST_SIGHT = 3
INTERRUPTED = 130

app = typer.Typer(
    name="mlaas4hep",
    help=(
        "Machine learning for high-energy physics: from ROOT files to predictions.\n\n"
        "Either on this machine, without any server (`run`, or step by step `specs`, `chunks`, "
        "`train`, `predict`), or on a deployment (`upload`, `submit`, `watch`, …), for which "
        "`up` starts one on a laptop.\n\n"
        "Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 lost sight of a run that goes on."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (
    local,
    predictions,
    tarballs,
    runs,
    scans,
    scores,
    models,
    versions,
    account,
    login,
    platform,
):
    commands.add_to(app)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", help="Print the version and stop.", callback=_version, is_eager=True
    ),
) -> None:
    pass


def main(arguments: Sequence[str] | None = None, program: typer.Typer = app) -> None:
    """Run the command that was typed, or `arguments`.

    Raises:
        SystemExit: it is done; this process lives on if it gave the arguments.
    """
    try:
        _main(arguments, program)
    except SystemExit as ended:
        if arguments is None and isinstance(ended.code, int) and ended.code:
            end_at_once(ended.code)
        raise


def _main(arguments: Sequence[str] | None, program: typer.Typer) -> None:
    """Run a command; an error is told in two lines, never as a traceback.

    With `--json` it is told on the standard output as every HTTP route tells it.
    """
    typed = sys.argv[1:] if arguments is None else arguments
    tell = show_problem if "--json" in typed else tell_problem
    logging.getLogger("mlaas4hep").addHandler(logging.NullHandler())
    try:
        _run(arguments, program, tell)
    except BrokenPipeError:  # who read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)


def _run(
    arguments: Sequence[str] | None, program: typer.Typer, tell: Callable[[Problem], None]
) -> None:
    try:
        with ended_by_signals():
            program(args=arguments, prog_name="mlaas4hep")
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (MlaasError, SettingsError, ModuleNotFoundError, OSError) as error:
        tell(_problem(error))
        sys.stdout.flush()
        sys.exit(LOST_SIGHT if isinstance(error, LostSightError) else FAILED)
    except Exception as error:
        if TRACEBACK in os.environ:
            raise
        tell(unforeseen(error).problem)
        sys.stdout.flush()
        sys.exit(FAILED)


def _problem(error: Exception) -> Problem:
    """Return what to tell of an error."""
    match error:
        case MlaasError():
            return error.problem
        case ModuleNotFoundError():
            if (error.name or "mlaas4hep").partition(".")[0] == "mlaas4hep":
                return unforeseen(error).problem  # ours: it should be there
            return Problem(
                code="not_installed",
                message=f"{error.name} is not installed: this is a client of deployments",
                hint="pip install 'mlaas4hep[local]' brings all that works without a deployment",
            )
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            return Problem(code="os_error", message=f"{place}{error.strerror or error}")
        case _:
            return Problem(code="settings", message=str(error))
