"""What a training works on, computed from the records of its run."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mlaas4hep.core import keys
from mlaas4hep.core.data.matrix import Layout
from mlaas4hep.core.data.planning.draws import drawn
from mlaas4hep.core.data.planning.passmap import PassMap
from mlaas4hep.core.data.planning.plan import Plan
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.models.sample.suspects import suspicious_names
from mlaas4hep.core.models.training import BranchColumns, Feature, TrainingJob
from mlaas4hep.core.requests.request import Params
from mlaas4hep.core.requests.roundorder import ordered
from mlaas4hep.core.runs.events import Event
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.pipeline.inputs import Inputs, load_inputs
from mlaas4hep.pipeline.measuring.ranges import load_specs
from mlaas4hep.ports import Services

_PLANNED_S = 60.0


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """The request, its specs, and the chunks they make."""

    inputs: Inputs
    specs: Specs
    specs_key: str
    run_id: str = ""  #: of the run

    @cached_property
    def layout(self) -> Layout:
        """Return which branch fills which columns."""
        return Layout.of(self.specs)

    @cached_property
    def chunks(self) -> Plan:
        """Return which entries make which chunk."""
        return self.inputs.opened.plan(self.inputs.request, self.specs)

    @property
    def params(self) -> Params:
        """Return what the request says, and whether each epoch goes over all chunks."""
        return self._ordered[0]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what the person did not ask for, or may not have seen."""
        names = suspicious_names(self.inputs.opened.branches.features)
        return (*names, *filter(None, self._ordered[1:]))

    @cached_property
    def _ordered(self) -> tuple[Params, str]:
        request = self.inputs.request
        return ordered(request.params, request.labels, self.chunks)

    @cached_property
    def job(self) -> TrainingJob:
        """Return what the training process is told."""
        request = self.inputs.request
        return TrainingJob(
            name=request.run,
            params=self.params,
            columns=self.layout.width,
            chunks=self.chunks.chunks,
            entries=self.chunks.entries,
            names=self.layout.columns,
            categories=self.layout.categories,
            resources=request.resources,
            classes=request.labels.classes,
            labels=tuple(sorted(set(request.labels.values))),
            label=request.labels.expression,
            label_columns=request.labels.columns,
            features=features(self.layout) if request.params.hist else (),
            branches=_branches(self.layout),
            weights=self.inputs.training_weights(self.specs),
        )

    def entry_of(self, chunk: int, draw: int) -> tuple[str, int] | None:
        """Return file and number of the entry of a chunk that has this draw.

        Nothing is read: draws are computed again. None: there is none, or by chance several.
        """
        found: list[tuple[str, int]] = []
        for part in self.chunks.recipe(chunk).slices:
            name = self.inputs.opened.files[part.file].name
            for reading in PassMap.of(self.specs, part.file).readings(part.start, part.stop):
                entries = np.arange(reading.start, reading.stop)
                hits = entries[drawn(name, entries) == draw]
                found.extend((name, int(entry)) for entry in hits)
        return found[0] if len(found) == 1 else None

    def chunk_content(self, index: int) -> str:
        """Return the digest of everything that this chunk depends on."""
        return self.inputs.chunk_content(self.chunks.recipe(index))

    def chunk_key(self, index: int) -> str:
        """Return where chunk-preprocess stores this chunk."""
        return keys.chunk(self.inputs.request.owner, self.chunk_content(index))


def load_plan(event: Event, services: Services) -> TrainingPlan:
    """Return the plan of the event's run.

    The first chunk may be ready before the last one is planned; `SpecsReady` comes after that.

    Raises:
        ServiceUnavailableError: the run's specs are not told for too long.
    """
    run = services.runs.wait(
        event.owner, event.run, lambda run: bool(run.specs) or run.is_final, _PLANNED_S
    )
    if not run.specs:
        raise ServiceUnavailableError(f"the chunks of run {event.run!r} are still being planned")
    specs_key, inputs = run.specs, load_inputs(event, services)
    return TrainingPlan(
        inputs=inputs,
        specs=load_specs(event, specs_key, inputs, services),
        specs_key=specs_key,
        run_id=run.id,
    )


def _branches(layout: Layout) -> tuple[BranchColumns, ...]:
    """Return the columns of each branch; columns that say where a branch has no value are by themselves."""
    names = layout.columns
    own = [
        BranchColumns(name=names[place], start=place, width=1)
        for place in range(len(layout.flat), layout.flat_width)
    ]
    found = [
        BranchColumns(name=spec.name, start=start, width=spec.width)
        for spec, start in layout.places
    ]
    return (*found, *own)


def features(layout: Layout) -> tuple[Feature, ...]:
    """Return the branches that have values and a linear scale, with the columns they fill."""
    return tuple(
        Feature(name=spec.name, start=start, width=spec.width, low=ends[0], high=ends[1])
        for spec, start in layout.places
        if (ends := _ends(spec)) is not None
    )


def _ends(spec: BranchSpec) -> tuple[float, float] | None:
    """Return what becomes 0 and what becomes 1; None if nobody can tell from that."""
    if spec.low is None or spec.high is None:
        return None
    scale = spec.treatment.scale if spec.treatment else None
    if scale is None:
        return spec.low, spec.high
    is_linear = scale.kind in ("linear", "codes")
    return (scale.offset, scale.offset + scale.span) if is_linear else None
