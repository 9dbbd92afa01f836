"""The routes of MLaaS4HEP_server, with its texts, for clients that are not to be changed."""

import flask

from mlaas4hep.core import keys
from mlaas4hep.core.runs.durations import docker_status
from mlaas4hep.core.runs.log import STAGES, compose
from mlaas4hep.core.runs.run import Run
from mlaas4hep.core.runs.views import Started
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.workflow import receiving, submitting
from mlaas4hep.http.workflow import usage as holdings
from mlaas4hep.http.workflow.call import Ask, Door, Route, answer, attachment, text
from mlaas4hep.http.workflow.shown import find_run, full_report
from mlaas4hep.usecases import models, runs, uploads


def hello(_door: Door, _ask: Ask) -> flask.Response:
    """Say hello."""
    return text("Hello World\n")


def upload(door: Door, ask: Ask) -> flask.Response:
    """Take a tarball."""
    receiving.receive(door, ask, ask.arg("name"))
    return text("Successfully uploaded!\n")


def submit(door: Door, ask: Ask) -> flask.Response:
    """Make a run of a submission, or only check it."""
    if ask.flag("dry_run"):
        return answer(submitting.rehearse(door, ask))
    run = submitting.submit(door, ask)
    return answer(Started(process_name=run.name, job_id=job_id(run)))


def status_docker(door: Door, ask: Ask) -> flask.Response:
    """Return a run's status in Docker's words, and in ours beside them."""
    run = find_run(door, ask)
    return answer(
        {
            "process_name": run.name,
            "status": docker_status(run, door.services.clock()),
            "job_id": job_id(run),
            "run": full_report(run, door),
        }
    )


def logs(door: Door, ask: Ask) -> flask.Response:
    """Return the log of a run as a file."""
    run = find_run(door, ask)
    stage = ask.args.get("stage", "")
    if stage not in ("", *STAGES):
        raise InvalidRequestError(f"there is no stage {stage!r}", hint=f"one of {STAGES}")
    training = runs.training_log(run, door.services) if stage in ("", "train") else ""
    log = compose(run, runs.request_of(run, door.services), full_report(run, door), training, stage)
    return attachment(log, f"{run.name}.txt", "text/plain; charset=utf-8")


def delete_specs(door: Door, ask: Ask) -> flask.Response:
    """Delete what was measured and prepared, so that the next run reads its files again."""
    uploads.load(ask.person.owner, ask.arg("name"), door.services)
    runs.delete_cache(ask.person.owner, door.services)
    return text("Specs deletion completed!\n")


def delete_folder(door: Door, ask: Ask) -> flask.Response:
    """Delete an upload and its runs."""
    folder = ask.arg("name")
    uploads.load(ask.person.owner, folder, door.services)
    runs.delete_folder(ask.person.owner, folder, door.services)
    return text("Folder deletion completed!\n")


def setup_tfaas(door: Door, ask: Ask) -> flask.Response:
    """Confirm that predictions can be asked for: every trained model is served by itself."""
    name = ask.args.get("process_name") or ask.args.get("name")
    if name:
        models.find(ask.person, name, door.services)
    return text("TFaaS setup completed!\n")


def job_id(run: Run) -> int:
    """Return a number that stands for the run where the ancestor had a process id."""
    return int(keys.digest(run.owner, run.name)[:7], 16)


ROUTES = (
    Route(action="hello", method="GET", path="/hello", handler=hello, is_open=True),
    Route(action="upload", method="POST", path="/upload", handler=upload),
    Route(action="submit", method="POST", path="/submit", handler=submit),
    Route(action="status_docker", method="GET", path="/status_docker", handler=status_docker),
    Route(action="logs", method="GET", path="/logs", handler=logs),
    Route(action="model", method="GET", path="/model", handler=holdings.bundle),
    Route(action="delete_specs", method="GET", path="/delete_specs", handler=delete_specs),
    Route(action="delete_folder", method="GET", path="/delete_folder", handler=delete_folder),
    Route(action="setup_tfaas", method="POST", path="/setup_tfaas", handler=setup_tfaas),
)
