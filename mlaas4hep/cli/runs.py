"""Runs on a deployment: submit, watch and what else people do with them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mlaas4hep.cli.options import URL, At, Json, Run, Token, Url, client
from mlaas4hep.cli.terminal.dryruns import show_dry_run
from mlaas4hep.cli.terminal.follow import conclude, follow, in_sight
from mlaas4hep.cli.terminal.listed import age
from mlaas4hep.cli.terminal.screen import lines_of, note, show, show_json, show_table
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.figures import figures, quality

_PANEL = "On a deployment"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (submit, status, watch, logs, runs, curves, cancel, restart):
        app.command(rich_help_panel=_PANEL)(command)


def submit(
    name: Annotated[str, typer.Argument(help="Of the upload.", show_default=False)],
    files: Annotated[str, typer.Option(help="In the tarball.")] = "files.txt",
    labels: Annotated[str, typer.Option(help="In the tarball.")] = "labels.txt",
    model: Annotated[str, typer.Option(help="In the tarball.")] = "model.py",
    params: Annotated[str, typer.Option(help="In the tarball.")] = "params.json",
    preproc: Annotated[
        str | None,
        typer.Option(help="In the tarball; preproc.json if it is there, '' for none."),
    ] = None,
    memory: Annotated[str, typer.Option(help="For the training.")] = "3gb",
    cpus: Annotated[str, typer.Option(help="For the training.")] = "2",
    device: Annotated[str, typer.Option(help="cpu or gpu.")] = "cpu",
    title: Annotated[str, typer.Option(help="What it is about.")] = "",
    webhook: Annotated[str, typer.Option(help="Address that is told when it is over.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Watch it to its end.")] = False,
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Train a model from an upload, and print the name of the run.

    Example: `mlaas4hep submit luca --wait`
    """
    keys: dict[str, Any] = {
        "files": files,
        "labels": labels,
        "model": model,
        "params": params,
        "preproc": preproc,
        "memory": memory,
        "cpus": cpus,
        "device": device,
        "title": title,
        **({"webhook": webhook} if webhook else {}),
    }
    with client(url, token, endpoint) as here:
        if dry_run:
            show_dry_run(here.dry_run(name, **keys), json)
            return
        report = here.submit(name, **keys)
        if wait:
            conclude(follow(here.watch(report.name), json), json)
            return
    show_json(report) if json else show(report.name)
    note(f"follow it with: mlaas4hep watch {report.name}")


def status(
    name: Run, url: Url = URL, token: Token = "", endpoint: At = "", json: Json = False
) -> None:
    """Show how far a run is.

    Example: `mlaas4hep status luca_1`
    """
    with client(url, token, endpoint) as here:
        report = here.run(name)
    show_json(report) if json else _show_report(report)


def _show_report(report: Report) -> None:
    attempt = f", attempt {report.attempt}" if report.attempt > 1 else ""
    show(f"{report.name} is {report.status} since {report.updated_at}{attempt}")
    rows = [
        (stage.stage, stage.state, stage.done, _number(stage.total), stage.unit, _eta(stage))
        for stage in report.stages
    ]
    show_table(("stage", "state", "done", "of", "what", "time left"), rows)
    for file in report.files:
        show(f"{file.file}: {file.passed} of {file.entries} entries pass")
    for skipped in report.skipped_files:
        show(skipped.sentence())
    for each in report.waiting:
        show(each.text)
    for line in figures(report.metrics, report.learned):
        show(line)
    for warning in report.warnings:
        show(f"warning: {warning}")
    if report.problem is not None:
        for line in lines_of(report.problem, "failed"):
            show(line)


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:g}"


def _eta(stage: Any) -> str:
    return "" if stage.eta_seconds is None else f"{stage.eta_seconds:.0f} s"


def watch(
    name: Run, url: Url = URL, token: Token = "", endpoint: At = "", json: Json = False
) -> None:
    """Follow a run to its end; fails if it fails.

    Example: `mlaas4hep watch luca_1`
    """
    with client(url, token, endpoint) as here:
        conclude(follow(here.watch(name), json), json)


def logs(
    name: Run,
    stage: Annotated[
        str, typer.Option(help="Only of submit, specs, chunk-preprocess or train.")
    ] = "",
    follows: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is new, until the run is over.")
    ] = False,
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
) -> None:
    """Print the log of a run.

    Example: `mlaas4hep logs luca_1 --stage train -f`
    """
    with client(url, token, endpoint) as here:
        shown: list[str] = []
        for _ in in_sight(here.watch(name)) if follows else (None,):
            lines = here.logs(name, stage).splitlines(keepends=True)
            show("".join(lines[_alike(shown, lines) :]), end="")
            shown = lines


def _alike(shown: list[str], lines: list[str]) -> int:
    """Return with how many lines both begin; the last ones of a log say how the run stands."""
    return next(
        (at for at, (old, new) in enumerate(zip(shown, lines, strict=False)) if old != new),
        min(len(shown), len(lines)),
    )


def runs(
    status: Annotated[str, typer.Option(help="Such as failed, or measuring,training.")] = "",
    folder: Annotated[str, typer.Option(help="Only those of one upload.")] = "",
    text: Annotated[str, typer.Option(help="Only those with this in name or title.")] = "",
    sort: Annotated[
        str,
        typer.Option(
            help="created_at, updated_at, name, status or seconds; a - before it turns round."
        ),
    ] = "-created_at",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    everybody: Annotated[bool, typer.Option("--all", help="Of everybody, for admins.")] = False,
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """List runs, the newest first.

    Example: `mlaas4hep runs --status failed`
    """
    filters: dict[str, str | int] = {
        "status": status,
        "folder": folder,
        "q": text,
        "sort": sort,
        "limit": limit,
    }
    with client(url, token, endpoint) as here:
        page = here.runs(**filters, all=int(everybody))
    if json:
        show_json(page)
        return
    rows = [
        (
            run.name,
            run.status,
            quality(run.metrics, run.learned),
            run.framework,
            age(run.created_at),
            f"{run.seconds:.0f} s",
            run.title,
        )
        for run in page.runs
    ]
    show_table(("run", "status", "quality", "framework", "submitted", "took", "title"), rows)


def curves(
    names: Annotated[list[str], typer.Argument(help="Of runs.", show_default=False)],
    out: Annotated[Path, typer.Option(help="A folder of TensorBoard.")] = Path("logs"),
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Write the figures of runs, round by round, as TensorBoard reads them.

    Example: `mlaas4hep curves luca_1 luca_2 --out logs`, then `tensorboard --logdir logs`
    """
    with client(url, token, endpoint) as here:
        files = [str(here.tensorboard(name, out)) for name in names]
    show_json(files) if json else show("\n".join(files))


def cancel(
    name: Run, url: Url = URL, token: Token = "", endpoint: At = "", json: Json = False
) -> None:
    """Stop a run.

    Example: `mlaas4hep cancel luca_1`
    """
    with client(url, token, endpoint) as here:
        report = here.cancel(name)
    show_json(report) if json else show(f"{report.name} is {report.status}")


def restart(
    name: Run, url: Url = URL, token: Token = "", endpoint: At = "", json: Json = False
) -> None:
    """Try a failed or cancelled run again; what is measured and made already is used again.

    Example: `mlaas4hep restart luca_1`
    """
    with client(url, token, endpoint) as here:
        report = here.restart(name)
    show_json(report) if json else show(f"{report.name} is {report.status}")
