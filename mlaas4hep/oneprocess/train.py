"""A training on a folder of chunks, in this process."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from mlaas4hep.core import keys, wire
from mlaas4hep.core.requests.request import Params, Resources
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ChunkReady, Event, FilesOpened, SpecsReady
from mlaas4hep.core.runs.run import Run
from mlaas4hep.oneprocess import arrays
from mlaas4hep.oneprocess.folder import OWNER
from mlaas4hep.oneprocess.frameworkimport import import_framework
from mlaas4hep.pipeline.inputs import Inputs, store_opened
from mlaas4hep.pipeline.records import new_run, store_run
from mlaas4hep.pipeline.training.trainingplan import load_plan
from mlaas4hep.ports import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTraining:
    """What is to be trained, and with what."""

    name: str  #: of run and model
    model: str  #: the text of model.py
    params: Params  #: for the training; how the chunks were made stays as it was
    resources: Resources


def prepare(folder: Path, wanted: WantedTraining, services: Services) -> Run:
    """Return a run whose chunks are all ready, so that only the training is left to do."""
    import_framework(wanted.params, wanted.resources, wanted.model, services)
    run = wanted.name
    made = arrays.read_made(folder)
    before = made.inputs.request
    how = before.params
    params = replace(
        wanted.params,
        nevts=how.nevts,
        chunk_size=how.chunk_size,
        branch=how.branch,
        positive=how.positive,
        rules=how.rules,
    )
    request = replace(
        before, owner=OWNER, run=run, folder=run, params=params, resources=wanted.resources
    )
    request = replace(request, model_sha256=hashlib.sha256(wanted.model.encode()).hexdigest())
    contents = {files.REQUEST: wire.dump(request), files.MODEL: wanted.model.encode()}
    store_run(new_run(request, 1, services.clock()), contents, services)
    made = replace(made, inputs=Inputs(request=request, opened=made.inputs.opened))
    services.bus.publish(_store(made, folder, services)[:1])
    return services.runs.get(OWNER, run)


def _store(made: arrays.Origin, folder: Path, services: Services) -> list[Event]:
    """Put everything where the train step finds it; return the news about the chunks."""
    request, opened = made.inputs.request, made.inputs.opened
    specs_key = keys.specs(OWNER, keys.digest(wire.dump(made.specs).decode()))
    services.specs.put(specs_key, wire.dump(made.specs))
    first = ChunkReady(owner=OWNER, run=request.run, index=0, key="", entries=0)
    store_opened(first, opened, services)
    planned: list[Event] = [
        FilesOpened(owner=OWNER, run=request.run, files=len(opened.files), ranges=0, entries=0),
        SpecsReady(
            owner=OWNER,
            run=request.run,
            key=specs_key,
            entries=made.specs.passed,
            columns=sum(spec.width for spec in made.specs.branches),
            chunks=made.chunks,
        ),
    ]
    services.runs.apply(planned)
    plan = load_plan(first, services)
    ready: list[Event] = []
    for index, chunk in enumerate(arrays.read_chunks(folder, plan.chunk_content)):
        key = plan.chunk_key(index)
        services.chunks.put(key, chunk)
        entries = plan.chunks.size(index)
        ready.append(
            ChunkReady(owner=OWNER, run=request.run, index=index, key=key, entries=entries)
        )
    services.runs.apply(ready)
    return ready
