"""The records of a run that its steps load: the request and what opening the files found."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from mlaas4hep.core import sealed
from mlaas4hep.core.data.planning.plan import Recipe, plan_ranges
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.selection.branches import Branches, choose
from mlaas4hep.core.selection.gaps import as_long, check_lengths, lacking
from mlaas4hep.core.selection.normalisation import factors, training_weights
from mlaas4hep.core.selection.openedfiles import OpenedFile, OpenedFiles
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import (
    DamagedError,
    MlaasError,
    NotFoundError,
    PermanentError,
    StrangeEventError,
)
from mlaas4hep.pipeline.opentrees import OpenTrees
from mlaas4hep.pipeline.records import check_request, lost_request
from mlaas4hep.ports import Services

_LISTED = 5  #: files that an error names
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a run works on."""

    request: Request
    opened: OpenedFiles

    @cached_property
    def preproc(self) -> Preproc:
        """Return what preproc.json says."""
        return Preproc.parse(self.request.preproc)

    def weight_factors(self, specs: Specs) -> tuple[float, ...]:
        """Return what the weights of each file are multiplied by."""
        return factors(self.request, specs, *self.opened.used(self.request, specs))

    def training_weights(self, specs: Specs) -> TrainingWeights:
        """Return what the training makes of the weights in the chunks."""
        return training_weights(self.request, specs, *self.opened.used(self.request, specs))

    def chunk_content(self, recipe: Recipe) -> str:
        """Return the digest of everything that the chunk of a recipe depends on."""
        return self.opened.chunk_content(self.request, recipe)

    @classmethod
    def open(cls, request: Request, services: Services) -> "Inputs":
        """Open every file of a request and plan the ranges to measure.

        Raises:
            MlaasError: a file cannot be read, or files and request do not fit together.
        """
        return cls.of(request, OpenTrees.of(request, services), services.range_entries)

    @classmethod
    def of(cls, request: Request, found: "OpenTrees", range_entries: int) -> "Inputs":
        """Return what a run works on, from what its files hold.

        Args:
            request: of the run.
            found: in its files.
            range_entries: that one event measures.

        Raises:
            MlaasError: files and request do not fit together, or there are no entries.
        """
        trees, preproc = found.trees, Preproc.parse(request.preproc)
        branches = choose(found.by_name(request), request.params, preproc, request.labels)
        ranges = plan_ranges(
            [tree.entries for tree in trees],
            request.params.nevts,
            [tree.boundaries for tree in trees],
            range_entries,
        )
        if not ranges:
            names = ", ".join(file.name for file in request.files[:_LISTED])
            raise PermanentError(
                f"there are no entries in {names}", hint="check files.txt and branch"
            )
        branches = replace(branches, warnings=(*branches.warnings, *found.warnings))
        files = _filled(request, trees, branches, preproc)
        opened = OpenedFiles(files=files, branches=branches, ranges=ranges)
        return cls(request=request, opened=opened)


def _filled(
    request: Request, trees: Sequence[TreeInfo], branches: Branches, preproc: Preproc
) -> tuple[OpenedFile, ...]:
    """Return the files of a run, and what stands in the place of branches that they lack.

    Raises:
        InvalidRequestError: preproc.json makes no sense with that.
    """
    reads = set(branches.reads)
    lacks = tuple(lacking(trees, reads))
    like = as_long(trees, lacks, reads & (preproc.reads | set(branches.features)))
    files = tuple(map(OpenedFile.of, request.files, trees, lacks, like))
    for file, tree in zip(files, trees, strict=True):
        check_lengths(file, tree, preproc, reads)
    return files


def load_request(event: Event, services: Services) -> Request:
    """Return the request of the event's run.

    Raises:
        DamagedError: it is damaged or gone.
    """
    try:
        body = services.runs_files.get(files.key(event.owner, event.run, files.REQUEST))
        request: Request = services.recent.parsed(body, _load_request)
    except (NotFoundError, DamagedError) as error:
        raise lost_request(event.run, error) from error
    check_request(event, request)
    return request


def load_inputs(event: Event, services: Services) -> Inputs:
    """Return what `store_opened` wrote for this attempt, and the request.

    Raises:
        StrangeEventError: the files of the run are not opened yet.
    """
    request = load_request(event, services)
    try:
        return Inputs(request=request, opened=_stored_opened(_opened_key(event), services))
    except (NotFoundError, DamagedError) as error:
        return _opened_again(event, request, error, services)


def _opened_again(event: Event, request: Request, lost: MlaasError, services: Services) -> Inputs:
    """Open the files once more, because what was found in them is lost; the plan stays the same.

    Raises:
        PermanentError: they are not as they were.
    """
    run = services.runs.get(event.owner, event.run)
    if run.ranges.total is None:
        raise StrangeEventError(f"nothing is planned yet in run {event.run!r}") from None
    log.warning("run %s/%s: its files are opened again: %s", event.owner, event.run, lost)
    found = OpenTrees.of(request, services, run.given_up)
    inputs = Inputs.of(request, found, services.range_entries)
    ranges = inputs.opened.ranges
    if (len(ranges), sum(part.stop - part.start for part in ranges)) != (
        run.ranges.total,
        run.entries,
    ):
        raise PermanentError(
            "what was found in the files is lost, and the files are others now",
            hint="restart the run, so that they are measured as they are now",
        ) from lost
    store_opened(event, inputs.opened, services)
    return inputs


def store_opened(event: Event, opened: OpenedFiles, services: Services) -> None:
    """Write what opening the files found, for the other steps of this attempt."""
    key = _opened_key(event)
    services.runs_files.put(key, sealed.dump(opened, key))


def entries_before(event: Event, file: str, services: Services) -> int | None:
    """Return how many entries a file had for the attempt before; None if it was not opened."""
    key = files.key(event.owner, event.run, files.opened(event.attempt - 1))
    try:
        opened = _stored_opened(key, services)
    except (NotFoundError, DamagedError):
        return None
    numbers = {index for index, each in enumerate(opened.files) if each.name == file}
    return sum(part.stop - part.start for part in opened.ranges if part.file in numbers) or None


def _stored_opened(key: str, services: Services) -> OpenedFiles:
    return services.recent.parsed(services.runs_files.get(key), sealed.Reader(OpenedFiles, key))


def _opened_key(event: Event) -> str:
    return files.key(event.owner, event.run, files.opened(event.attempt))


_load_request = partial(sealed.load, Request)
