"""A whole run in this process: no server, no NATS; data in a temporary folder."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mlaas4hep import bootstrap
from mlaas4hep.adapters.trainers.sandbox import Sandbox
from mlaas4hep.core import wire
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import Event, RunCancelled, RunSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import PermanentError
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline.reactions import Step
from mlaas4hep.pipeline.records import new_run, store_run
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings

_LOOK_S = 0.2  #: between two looks at a run for its progress
_STARTING_LOOKS = 50

OnChange = Callable[[Run], None]


@contextmanager
def services() -> Iterator[Services]:
    """Give services over a temporary folder, with a trainer."""
    with tempfile.TemporaryDirectory(prefix="mlaas4hep-") as folder:
        made = bootstrap.services(
            Settings(
                store=Path(folder).as_uri(),
                remote_networks="*",
                plain_http=1,
                data_s3=bootstrap.OWN_S3,
            )
        )
        yield replace(made, trainer=Sandbox())


def start(request: Request, model: str, services: Services, beside: bytes = b"") -> Run:
    """Store a request as a submitted run; `beside` is a zip of what lies beside model.py."""
    run = new_run(request, 1, services.clock())
    contents = {files.REQUEST: wire.dump(request), files.MODEL: model.encode()}
    if beside:
        contents[files.BESIDE] = beside
    store_run(run, contents, services)
    services.bus.publish([RunSubmitted(owner=run.owner, run=run.name)])
    return run


def finish(
    run: Run, reactions: Mapping[type[Event], Step], services: Services, on_change: OnChange
) -> Run:
    """Deliver events until nothing is left to do, and return the run then.

    Raises:
        PermanentError: the run failed.
    """
    worker = threading.Thread(target=drain, args=(services, reactions), daemon=True)
    try:
        worker.start()
        while worker.is_alive():
            worker.join(_LOOK_S)
            on_change(services.runs.get(run.owner, run.name))
    except KeyboardInterrupt:
        services.runs.apply([RunCancelled(owner=run.owner, run=run.name)])
        _wait_for(worker)
        raise
    ended = services.runs.get(run.owner, run.name)
    if ended.problem is not None:
        error = PermanentError(ended.problem.message)
        error.problem = ended.problem
        raise error
    return ended


def _wait_for(worker: threading.Thread) -> None:
    """Return when a thread has ended, also if it was only being started."""
    for _ in range(_STARTING_LOOKS):
        try:
            worker.join()
        except RuntimeError:  # it cannot be joined before it runs
            time.sleep(_LOOK_S / 10)
        else:
            return
