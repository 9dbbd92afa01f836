"""`mlaas4hep-admin audit`: who did what to which run or model."""

from typing import Annotated

import typer

from mlaas4hep.admin.platform import platform
from mlaas4hep.core.harmless import as_record
from mlaas4hep.core.runs.durations import clock_time


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="audit")(show)


def show(
    limit: Annotated[int, typer.Option(help="How many lines, the newest.")] = 100,
    owner: Annotated[str, typer.Option(help="Only of this owner's things.")] = "",
) -> None:
    """Say who changed what, the newest last."""
    with platform() as found:
        for audited in reversed(found.services.audit.newest(limit, owner)):
            made = f" -> {audited.made}" if audited.made not in ("", audited.target) else ""
            line = (
                f"{clock_time(audited.at)} {audited.owner} {audited.person} "
                f"{audited.function}.{audited.action} {audited.target}{made}"
            )
            print(as_record(line))
