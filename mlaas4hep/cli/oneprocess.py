"""What commands of `local.py` do in this process; loaded only when one is called."""

import json as jsontext
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlaas4hep.cli.terminal.dryruns import show_dry_run
from mlaas4hep.cli.terminal.screen import count_bar, note, show, show_json, stage_bars, tell
from mlaas4hep.core import wire
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.specs.specsfile import from_ancestor, to_ancestor
from mlaas4hep.core.jsontext import parse_object
from mlaas4hep.core.requests.parse import parse_submission
from mlaas4hep.core.requests.request import Request, Resources
from mlaas4hep.core.runs.events import ChunkReady
from mlaas4hep.core.runs.figures import figures
from mlaas4hep.core.runs.report import metrics, stages, waiting
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import InvalidRequestError, PermanentError
from mlaas4hep.oneprocess import arrays, bundle
from mlaas4hep.oneprocess import check as checking
from mlaas4hep.oneprocess import draft as drafts
from mlaas4hep.oneprocess import run as running
from mlaas4hep.oneprocess import train as learning
from mlaas4hep.oneprocess.folder import Paths, beside_of, read_model, read_request, read_text
from mlaas4hep.oneprocess.unfinished import is_worth_keeping, work_folder
from mlaas4hep.pipeline import table
from mlaas4hep.pipeline.inputs import Inputs
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.ports import Services
from mlaas4hep.usecases.runs import training_log


def run_folder(folder: Path, out: Path, memory: str, cpus: float, json: bool) -> None:
    """Do a whole run and write its bundle."""
    bundle.check(out)
    request, model, beside = _read_folder(folder, resources(memory, cpus))
    with (
        work_folder(out) as work,
        running.services(work) as services,
        stage_bars(shown=not json) as draw,
    ):
        run = running.start(request, model, services, beside)
        with _log_kept(run, services, out):
            ended = running.finish(
                run,
                table.steps(),
                services,
                lambda run: draw(
                    stages(run, services.clock()), metrics(run), waiting(run, services.clock())
                ),
                lambda run: _tell_where_it_stands(run, work),
            )
        bundle.save(ended, services, out)
    _show_trained(ended, out, json)


def check_folder(folder: Path, memory: str, cpus: float, json: bool) -> None:
    """Say what a run of the folder would do."""
    request, model, beside = _read_folder(folder, resources(memory, cpus))
    with running.services() as services:
        show_dry_run(checking.check(request, model, beside, services), json)


def _read_folder(folder: Path, resources: Resources) -> tuple[Request, str, bytes]:
    """Return the request in a folder, the text of model.py and a zip of what lies beside it."""
    paths = Paths.of(folder)
    beside = beside_of(folder, read_text(paths.files))
    name = "".join(c if c.isalnum() and c.isascii() else "_" for c in folder.resolve().name)
    request = read_request(paths, f"{name.strip('_') or 'run'}_1", resources, beside)
    return request, read_model(paths.model), beside


@contextmanager
def _log_kept(run: Run, services: Services, out: Path) -> Iterator[None]:
    """Keep the log of a training that fails beside the model that it does not make; say where."""
    try:
        yield
    except PermanentError:
        log, place = training_log(run, services), out.with_name(f"{out.name}.log")
        with suppress(OSError):  # what went wrong is told in any case
            if log:
                place.write_text(log, encoding="utf-8")
                tell(f"the run's log is {place}")
        raise


def _tell_where_it_stands(run: Run, work: Path) -> None:
    stands = f"stopped with {run.rounds.done} of {run.rounds.total or '?'} rounds done"
    goes_on = "goes on from there" if is_worth_keeping(work) else "begins anew"
    tell(f"{stands}; the same command {goes_on}")


def write_draft(files: list[str], out: Path | None, tree: str, label: str) -> None:
    """Write a first set of files for a run on the data, and say what was decided."""
    with running.services() as services:
        data = drafts.look(services.source, files, tree)
        folder = out or Path(Path(data.names[0]).name.split(".", 1)[0])
        drafted = drafts.draft(services.source, data, folder.resolve().name, label)
    drafts.write(drafted, folder)
    for text in drafted.notes:
        show(text)
    show(f"written to {folder}: {', '.join(drafted.texts)}")
    note(f"next: mlaas4hep run {folder}, or mlaas4hep upload {folder}")


def write_specs(paths: Paths, out: Path, json: bool) -> None:
    """Measure and write the specs as the ancestor writes them."""
    request = read_request(paths, "specs_1", Resources())
    with running.services() as services, stage_bars(shown=not json) as draw:
        run = running.start(request, "", services)
        ended = running.finish(
            run,
            table.steps("specs"),
            services,
            lambda run: draw(stages(run, services.clock())[:1], {}, waiting(run, services.clock())),
        )
        measured = wire.load(Specs, services.specs.get(ended.specs))
        opened = Inputs.open(request, services).opened
    body = to_ancestor(
        measured,
        [file.name for file in request.files],
        inputs={file.name: file.identity for file in opened.files},
    )
    out.write_text(jsontext.dumps(body, indent=1) + "\n", encoding="utf-8")
    if json:
        show_json(body)
    else:
        _warn(ended)
        show(
            f"{out}: {len(measured.branches)} branches of {measured.entries} entries, "
            f"of which {measured.passed} pass"
        )


def write_chunks(paths: Paths, specs: Path, out: Path, json: bool) -> None:
    """Make the arrays and write them."""
    if not (paths.labels or paths.says_labels):
        raise InvalidRequestError(
            "nothing says what is learned", hint="--labels labels.txt, or labels in files.json"
        )
    request = read_request(paths, "chunks_1", Resources())
    measured = from_ancestor(parse_object(read_text(specs), str(specs)))
    with running.services() as services, count_bar("chunks", shown=not json) as on_chunk:
        inputs = Inputs.open(request, services)
        made = arrays.Origin(
            inputs=inputs,
            specs=arrays.only_features(measured, inputs.opened),
        )
        manifest = arrays.write(made, out, services, on_chunk)
    if json:
        show_json(manifest)
    else:
        entries, columns = sum(manifest["entries"]), len(manifest["columns"])
        show(f"{out}: {len(manifest['chunks'])} chunks, {entries} entries, {columns} columns")


def train_chunks(chunks: Path, wanted: learning.WantedTraining, out: Path, json: bool) -> None:
    """Train on arrays and write the bundle."""
    bundle.check(out)
    with running.services() as services, stage_bars(shown=not json) as draw:
        run = learning.prepare(chunks, wanted, services)
        with _log_kept(run, services, out):
            ended = running.finish(
                run,
                {ChunkReady: train},
                services,
                lambda run: draw(stages(run, services.clock())[2:], metrics(run), ()),
            )
        bundle.save(ended, services, out)
    _show_trained(ended, out, json)


def resources(memory: str, cpus: float) -> Resources:
    """Return what a training may use, as a submission says it."""
    body = {"name": "local", "memory": memory, "cpus": cpus}
    return parse_submission(jsontext.dumps(body).encode()).resources


def _show_trained(run: Run, out: Path, json: bool) -> None:
    if json:
        shown = {"model": str(out), "version": run.version, "metrics": dict(run.metrics)}
        show_json(shown | {"warnings": run.warnings})
        return
    _warn(run)
    if run.resumed:
        show(f"it went on from a checkpoint with {run.resumed} rounds done")
    for line in figures(metrics(run), run.learned):
        show(line)
    show(f"the model is in {out}")


def _warn(run: Run) -> None:
    for warning in run.warnings:
        show(f"warning: {warning}")
