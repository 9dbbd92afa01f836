"""The steps up to chunks, run on the memory services; used by tests of steps and adapters."""

from collections import Counter
from dataclasses import replace

from mlaas4hep.adapters.memory import MemoryBus, MemoryLeases, MemoryRunBook, MemoryStore
from mlaas4hep.adapters.sources.root.files import RootFiles
from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.chunk import decode
from mlaas4hep.core.data.specs import Specs
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import InputFile, Params, Request
from mlaas4hep.core.runs.events import ChunkPlanned, RangeMeasured, RangePlanned, RunSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline.chunks import preprocess_chunks
from mlaas4hep.pipeline.specs import measure_range, merge_ranges, open_files
from mlaas4hep.ports import Services

REACTIONS = {
    RunSubmitted: open_files,
    RangePlanned: measure_range,
    RangeMeasured: merge_ranges,
    ChunkPlanned: preprocess_chunks,
}


class CountingSource:
    """A data source that counts how often entries are read, and of which branches."""

    def __init__(self, source):
        self._source = source
        self.reads = 0
        self.surveys = 0
        self.branches = Counter()

    def describe(self, url, tree):
        return self._source.describe(url, tree)

    def survey(self, url, tree, branches):
        self.surveys += 1
        return self._source.survey(url, tree, branches)

    def read(self, survey, branches, start, stop):
        branches = list(branches)
        self.reads += 1
        self.branches.update(branches)
        return self._source.read(survey, branches, start, stop)


def make_services(range_entries=100_000):
    stores = {bucket: MemoryStore(lambda: 0.0) for bucket in keys.BUCKETS}
    return Services(
        tarballs=stores["tarballs"],
        runs_files=stores["runs"],
        specs=stores["specs"],
        chunks=stores["chunks"],
        models=stores["models"],
        source=CountingSource(RootFiles(stores["tarballs"])),
        bus=MemoryBus(),
        runs=MemoryRunBook(lambda: 0.0),
        leases=MemoryLeases(),
        clock=lambda: 0.0,
        range_entries=range_entries,
    )


def submit(services, files, *, tree="t", labels=None, preproc="", number=1, **params):
    """Store a request and its run, and tell that it is submitted."""
    request = Request(
        owner="o",
        run=f"r_{number}",
        folder="r",
        upload="0",
        files=tuple(InputFile(name=str(f).split("/")[-1], url=str(f), tree=tree) for f in files),
        labels=labels or Labels(values=tuple(float(i) for i in range(len(files)))),
        params=Params(**params),
        model_sha256="0",
        preproc=preproc,
    )
    services.runs_files.put(keys.run("o", request.run, "request.json"), wire.dump(request))
    services.runs.create(
        Run(owner="o", name=request.run, folder="r", number=number, created_at=0, updated_at=0)
    )
    services.bus.publish([RunSubmitted(owner="o", run=request.run)])
    return request


def run(services, files, *, deliveries=1, number=1, **request):
    """Do all steps up to the last chunk, and return the run."""
    submit(services, files, number=number, **request)
    drain(services, REACTIONS, deliveries=deliveries)
    return services.runs.get("o", f"r_{number}")


def specs_of(services, done):
    return wire.load(Specs, services.specs.get(done.specs))


def chunks_of(services, request_run, chunk_count):
    """Return the chunks of a run in order, found as the train function finds them."""
    from mlaas4hep.core.selection.opened import Opened  # noqa: PLC0415

    body = services.runs_files.get(keys.run("o", request_run.name, "request.json"))
    request = wire.load(Request, body)
    opened = wire.load(
        Opened,
        services.runs_files.get(
            keys.run("o", request_run.name, f"opened-{request_run.attempt}.json")
        ),
    )
    plan = opened.plan(request.params, specs_of(services, request_run))
    contents = [opened.chunk_content(request, plan.slices(index)) for index in range(chunk_count)]
    return [decode(services.chunks.get(keys.chunk("o", content))) for content in contents]


def with_source(services, source):
    return replace(services, source=source)
