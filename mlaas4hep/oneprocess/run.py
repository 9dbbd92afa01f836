"""A whole run in this process: no server, no NATS; data in a temporary folder."""

import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from mlaas4hep import bootstrap
from mlaas4hep.adapters.temporary import own_folder
from mlaas4hep.adapters.trainers.sandbox import Sandbox
from mlaas4hep.bootstrap.inputfiles import OWN_S3
from mlaas4hep.core import sealed
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs import files, patience
from mlaas4hep.core.runs.events import Event, RunCancelled, RunSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import PermanentError
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.oneprocess.frameworkimport import import_framework
from mlaas4hep.oneprocess.unfinished import same_run
from mlaas4hep.pipeline.reactions import Step
from mlaas4hep.pipeline.records import new_run, store_run
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings

OnChange = Callable[[Run], None]
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def services(work: Path | None = None) -> Iterator[Services]:
    """Give services over a folder, with a trainer; without one, over a temporary folder.

    All that is temporary lies in one folder: if this process is killed, the next one removes it.
    """
    with own_folder() as temporary:
        folder = work or Path(tempfile.mkdtemp(prefix="mlaas4hep-", dir=temporary))
        made = bootstrap.services(
            Settings(
                store=folder.as_uri(),
                remote_networks="*",
                plain_http=1,
                data_s3=OWN_S3,
            )
        )
        yield replace(made, trainer=Sandbox())


def start(request: Request, model: str, services: Services, beside: bytes = b"") -> Run:
    """Store a request as a submitted run; `beside` is a zip of what lies beside model.py.

    If the same run was ended before, this one is it, and goes on from its checkpoint.
    """
    import_framework(request.params, request.resources, model, services)
    run = new_run(request, 1, services.clock())
    before = same_run(request, model, services)
    if before is not None:
        run = replace(run, id=before.id)
    contents = {files.REQUEST: sealed.dump(request), files.MODEL: model.encode()}
    if beside:
        contents[files.BESIDE] = beside
    store_run(run, contents, services)
    services.bus.publish([RunSubmitted(owner=run.owner, run=run.name)])
    return run


def finish(
    run: Run,
    reactions: Mapping[type[Event], Step],
    services: Services,
    on_change: OnChange,
    on_stop: OnChange = lambda _run: None,
) -> Run:
    """Deliver events until nothing is left to do, and return the run then.

    Args:
        run: that was started.
        reactions: which step each event wakes.
        services: of this process.
        on_change: is given the run whenever it has changed.
        on_stop: is given the run when a person has interrupted it.

    Raises:
        PermanentError: the run failed.
    """
    changes: SimpleQueue[bool] = SimpleQueue()  # True: the run changed; False: all is done
    deliveries = threading.Thread(target=_deliver, args=(services, reactions, changes), daemon=True)
    unhear = services.runs.hear(lambda _owner, _name: changes.put(True))
    try:
        with _uninterrupted():
            deliveries.start()
        while changes.get():
            with _uninterrupted():
                changed = services.runs.get(run.owner, run.name)
            on_change(changed)
    except KeyboardInterrupt:
        services.stopping.ask()
        services.runs.apply([RunCancelled(owner=run.owner, run=run.name)])
        deliveries.join()
        on_stop(services.runs.get(run.owner, run.name))
        raise
    finally:
        unhear()
    ended = services.runs.get(run.owner, run.name)
    if ended.problem is not None:
        error = PermanentError(ended.problem.message)
        error.problem = ended.problem
        raise error
    return ended


def _deliver(
    services: Services, reactions: Mapping[type[Event], Step], changes: "SimpleQueue[bool]"
) -> None:
    try:
        drain(services, reactions, file_patience_s=patience.DEFAULT_S)
    finally:
        changes.put(False)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let signals wait until the context ends.

    A thread that is only half started cannot be joined, and a lock of the run book that is taken just
    when an exception comes would never be given back: all other threads would wait for it for good.
    New threads take no signals, so that each wakes the main thread; one that takes it all the same, as
    those of libraries do, has it held here.
    """
    came: list[int] = []
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    is_main = threading.current_thread() is threading.main_thread()  # no other may set handlers
    handlers = {number: signal.getsignal(number) for number in _ENDING} if is_main else {}
    try:
        for number in handlers:
            signal.signal(number, lambda number, _frame: came.append(number))
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if came:
            signal.raise_signal(came[0])
