"""The steps up to chunks, run on the memory services; used by tests of steps and adapters."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from mlaas4hep import bootstrap
from mlaas4hep.adapters.memory import MemoryRunBook, MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.data.chunk import Chunk, decode
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import InputFile, Params, Request
from mlaas4hep.core.runs import files as run_files
from mlaas4hep.core.runs.events import RunSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline import table
from mlaas4hep.pipeline.inputs import load_inputs
from mlaas4hep.pipeline.records import new_run, store_run
from mlaas4hep.pipeline.sourcearound import SourceAround
from mlaas4hep.ports import DataSource, Services
from mlaas4hep.settings import Settings

REACTIONS = table.steps("specs", "chunk-preprocess")


class CountingSource(SourceAround):
    """A data source that counts how often entries are read, and of which branches."""

    def __init__(self, source: DataSource) -> None:
        super().__init__(source)
        self.reads = 0
        self.surveys = 0
        self.branches: Counter[str] = Counter()

    def survey(self, url: str, tree: str, branches: Iterable[str]) -> Survey:
        """Survey as the source does, and count it."""
        self.surveys += 1
        return super().survey(url, tree, branches)

    def read(
        self, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Read as the source does, and count call and branches."""
        branches = list(branches)
        self.reads += 1
        self.branches.update(branches)
        return super().read(survey, branches, start, stop)


def make_services(range_entries: int = 100_000) -> Services:
    """Return services in memory whose clock stands still and whose source counts."""
    made = bootstrap.services(Settings(range_entries=range_entries))
    stores = {bucket: MemoryStore(lambda: 0.0) for bucket in keys.BUCKETS}
    return replace(
        made,
        tarballs=stores["tarballs"],
        runs_files=stores["runs"],
        specs=stores["specs"],
        chunks=stores["chunks"],
        models=stores["models"],
        source=CountingSource(DataFiles(stores["tarballs"])),
        runs=MemoryRunBook(lambda: 0.0),
        clock=lambda: 0.0,
    )


def submit(
    services: Services,
    files: Sequence[object],
    *,
    tree: str = "t",
    labels: Labels | None = None,
    preproc: str = "",
    number: int = 1,
    inputs: Sequence[InputFile] = (),
    **params: Any,
) -> Request:
    """Store a request and its run, and tell that it is submitted.

    Args:
        files: paths; `inputs` says more about them.
    """
    named = (InputFile(name=str(f).split("/")[-1], url=str(f), tree=tree) for f in files)
    request = Request(
        owner="o",
        run=f"r_{number}",
        folder="r",
        upload="0",
        files=tuple(inputs or named),
        labels=labels or Labels(values=tuple(float(i) for i in range(len(files)))),
        params=Params(**params),
        model_sha256=hashlib.sha256(_model_py(services, f"r_{number}")).hexdigest(),
        preproc=preproc,
    )
    store_run(new_run(request, number, 0), {run_files.REQUEST: sealed.dump(request)}, services)
    services.bus.publish([RunSubmitted(owner="o", run=request.run)])
    return request


def _model_py(services: Services, run_name: str) -> bytes:
    """Return the model.py that a test stored for a run."""
    key = run_files.key("o", run_name, run_files.MODEL)
    return services.runs_files.get(key) if services.runs_files.info(key) else b""


def run(
    services: Services,
    files: Sequence[object],
    *,
    deliveries: int = 1,
    number: int = 1,
    **request: Any,
) -> Run:
    """Do all steps up to the last chunk, and return the run."""
    submit(services, files, number=number, **request)
    drain(services, REACTIONS, deliveries=deliveries)
    return services.runs.get("o", f"r_{number}")


def specs_of(services: Services, done: Run) -> Specs:
    """Return the merged specs of a run."""
    return wire.load(Specs, services.specs.get(done.specs))


def chunks_of(services: Services, request_run: Run, chunk_count: int) -> list[Chunk]:
    """Return the chunks of a run in order, found as the train function finds them."""
    inputs = load_inputs(
        RunSubmitted(owner="o", run=request_run.name, attempt=request_run.attempt), services
    )
    request, opened = inputs.request, inputs.opened
    plan = opened.plan(request, specs_of(services, request_run))
    contents = [opened.chunk_content(request, plan.recipe(index)) for index in range(chunk_count)]
    return [decode(services.chunks.get(keys.chunk("o", content))) for content in contents]


def with_source(services: Services, source: DataSource) -> Services:
    """Return the services with another source."""
    return replace(services, source=source)
