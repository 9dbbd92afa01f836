"""All commands of `mlaas4hep-admin`, and what becomes of their errors."""

import logging
import os
import sys
from collections.abc import Sequence

import typer

from mlaas4hep.admin import audit, backups, deadletters, keyfiles, records, store
from mlaas4hep.core.harmless import harmless
from mlaas4hep.errors import TRACEBACK, MlaasError, unforeseen
from mlaas4hep.settings import SettingsError

app = typer.Typer(
    name="mlaas4hep-admin",
    help=(
        "Look after a deployment. The platform is the one that MLAAS_STORE, MLAAS_NATS and their "
        "key files name, as for the functions; NATS needs the administrator's user.\n\n"
        "Exit codes: 0 fine, 1 failed or something was found, 2 wrong usage."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (store, records, backups, keyfiles, deadletters, audit):
    commands.add_to(app)


def main(arguments: Sequence[str] | None = None, program: typer.Typer = app) -> None:
    """Run the command that was typed; an error is told in two lines, never as a traceback."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        program(args=arguments, prog_name="mlaas4hep-admin")
    except KeyboardInterrupt:
        sys.exit(130)
    except (SettingsError, OSError) as error:
        sys.exit(f"mlaas4hep-admin: {error}")
    except Exception as error:
        if TRACEBACK in os.environ and not isinstance(error, MlaasError):
            raise
        foreseen = error if isinstance(error, MlaasError) else unforeseen(error)
        hint = f"\n  {foreseen.problem.hint}" if foreseen.problem.hint else ""
        sys.exit(harmless(f"mlaas4hep-admin: {foreseen}{hint}"))
