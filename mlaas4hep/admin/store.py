"""`mlaas4hep-admin fsck`: is everything that is stored whole?"""

from collections import Counter
from typing import Annotated

import typer

from mlaas4hep.admin.platform import platform
from mlaas4hep.core import wire
from mlaas4hep.core.harmless import as_record
from mlaas4hep.usecases.storekeeping import fsck as check


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fsck)


def fsck(
    repair: Annotated[
        bool,
        typer.Option(help="Delete damaged chunks, specs and surveys: they are made again."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one line each.")] = False,
) -> None:
    """Read the whole store and say what is damaged, missing, or of nobody."""
    counts: Counter[str] = Counter()
    with platform() as found:
        for finding in check.fsck(found.services):
            mended = repair and check.repair(finding, found.services)
            counts["repaired" if mended else finding.kind] += 1
            done = ", deleted: it is made again" if mended else ""
            hint = f" ({finding.hint})" if finding.hint and not done else ""
            line = f"{finding.kind} {finding.bucket}/{finding.key}: {finding.what}{hint}{done}"
            print(wire.dump(finding).decode() if as_json else as_record(line))
    if not as_json:
        print(", ".join(f"{count} {kind}" for kind, count in counts.items()) or "all is whole")
    if counts.keys() - {"repaired", "orphan"}:
        raise typer.Exit(1)
