"""The records of a run that its steps load: the request and what opening the files found."""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.data.planning.plan import Recipe, plan_ranges
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.requests.request import InputFile, Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.selection.branches import choose, lacking
from mlaas4hep.core.selection.normalisation import factors, training_weights
from mlaas4hep.core.selection.opened import Opened, OpenedFile
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import (
    DamagedError,
    MlaasError,
    NotFoundError,
    PermanentError,
    StrangeEventError,
)
from mlaas4hep.ports import Services

_LISTED = 5  #: files that a warning names
log = logging.getLogger(__name__)

AT_ONCE = 8  #: files opened, or stored specs fetched, side by side: that is waiting, not work


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a run works on."""

    request: Request
    opened: Opened

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
        files = tuple(
            OpenedFile.of(file, tree, lacking(tree, trees, branches.reads))
            for file, tree in zip(request.files, trees, strict=True)
        )
        branches = replace(branches, warnings=(*branches.warnings, *found.warnings))
        opened = Opened(files=files, branches=branches, ranges=ranges)
        return cls(request=request, opened=opened)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrees:
    """What each file of a request holds, in order; those that are skipped have no entries."""

    trees: tuple[TreeInfo, ...]
    warnings: tuple[str, ...]  #: which files are skipped

    @classmethod
    def of(cls, request: Request, services: Services) -> "OpenTrees":
        """Open every file, several side by side.

        Raises:
            MlaasError: a file cannot be opened, and may not be skipped, or is not the only one.
        """
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="open") as pool:
            found = list(pool.map(partial(_tree_or_error, services=services), request.files))
        good = [each for each in found if isinstance(each, TreeInfo)]
        bad = [each for each in found if not isinstance(each, TreeInfo)]
        if bad and (request.params.on_bad_file == "fail" or not good):
            raise bad[0]
        trees = tuple(
            each if isinstance(each, TreeInfo) else good[0].emptied(file.url, file.tree)
            for file, each in zip(request.files, found, strict=True)
        )
        count = f"skipped, because they cannot be opened: {len(bad)} of {len(found)} files"
        reasons = [str(error) for error in bad[:_LISTED]]
        return cls(trees=trees, warnings=(f"{count}: {'; '.join(reasons)}",) if bad else ())

    def by_name(self, request: Request) -> dict[str, TreeInfo]:
        """Return the trees by the files' names as the person wrote them."""
        return {file.name: tree for file, tree in zip(request.files, self.trees, strict=True)}


def _tree_or_error(file: InputFile, services: Services) -> TreeInfo | PermanentError:
    try:
        return describe(file, services)
    except PermanentError as error:
        return error


def load_request(event: Event, services: Services) -> Request:
    """Return the request of the event's run."""
    body = services.runs_files.get(files.key(event.owner, event.run, files.REQUEST))
    return services.recent.parsed(body, _load_request)


def load_inputs(event: Event, services: Services) -> Inputs:
    """Return what `store_opened` wrote for this attempt, and the request.

    Raises:
        StrangeEventError: the files of the run are not opened yet.
    """
    request = load_request(event, services)
    try:
        body = services.runs_files.get(_opened_key(event))
    except NotFoundError:
        if services.runs.get(event.owner, event.run).ranges.total is None:
            raise StrangeEventError(f"nothing is planned yet in run {event.run!r}") from None
        raise
    return Inputs(
        request=request,
        opened=services.recent.parsed(body, _load_opened),
    )


def store_opened(event: Event, opened: Opened, services: Services) -> None:
    """Write what opening the files found, for the other steps of this attempt."""
    services.runs_files.put(_opened_key(event), sealed.dump(opened))


def describe(file: InputFile, services: Services) -> TreeInfo:
    """Return what a file holds; errors name the file."""
    with naming(file):
        return services.source.describe(file.url, file.tree)


def load_survey(event: Event, file: OpenedFile, reads: Iterable[str], services: Services) -> Survey:
    """Return where the branches `reads` of a file lie, told by whoever had to open it first.

    Raises:
        MlaasError: nobody has opened it yet, and it cannot be opened, or is another one now.
    """
    reads = sorted(file.has(reads))
    content = keys.digest(file.url, file.identity, reads)
    key = files.key(event.owner, event.run, files.survey(content))
    known: Survey | None = services.recent.find(key)
    if known is None:
        known = _stored_survey(key, services) or _new_survey(file, reads, key, services)
        services.recent.keep(key, known, known.weight)
    return known


def _stored_survey(key: str, services: Services) -> Survey | None:
    try:
        return sealed.load(Survey, services.runs_files.get(key))
    except NotFoundError:
        return None
    except DamagedError as error:
        log.warning("%s is damaged: %s", key, error)
        return None


def _new_survey(file: OpenedFile, reads: Iterable[str], key: str, services: Services) -> Survey:
    found = survey(file, reads, services)
    services.runs_files.put(key, sealed.dump(found))
    return found


def survey(file: OpenedFile, reads: Iterable[str], services: Services) -> Survey:
    """Open a file that was opened before, and return where the branches `reads` lie.

    Raises:
        MlaasError: it cannot be opened, or is another one now.
    """
    with naming(file):
        file.check(services.source.describe(file.url, file.tree))
        return services.source.survey(file.url, file.tree, reads)


@contextmanager
def naming(file: InputFile | OpenedFile) -> Iterator[None]:
    """Name the file in errors about it."""
    try:
        yield
    except MlaasError as error:
        raise error.located(file=file.name) from error.__cause__


def _opened_key(event: Event) -> str:
    return files.key(event.owner, event.run, files.opened(event.attempt))


_load_request = partial(sealed.load, Request)
_load_opened = partial(sealed.load, Opened)
