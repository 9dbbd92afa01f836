"""The records of a run that its steps load: the request and what opening the files found."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from mlaas4hep.core.runs.inputfiles import SkippedFile
from mlaas4hep.core.selection.branches import choose, lacking
from mlaas4hep.core.selection.normalisation import factors, training_weights
from mlaas4hep.core.selection.opened import Opened, OpenedFile
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import (
    DamagedError,
    MlaasError,
    NotFoundError,
    PermanentError,
    Problem,
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
    skipped: tuple[SkippedFile, ...]

    @classmethod
    def of(
        cls, request: Request, services: Services, given_up: Sequence[SkippedFile] = ()
    ) -> "OpenTrees":
        """Open every file but those given up, several side by side.

        Raises:
            MlaasError: a file cannot be opened and may not be skipped, or none can be opened.
        """
        known = {skipped.file: skipped for skipped in given_up}
        look = partial(_tree_or_error, known=known, services=services)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="open") as pool:
            found = list(pool.map(look, request.files))
        good = [each for each in found if isinstance(each, TreeInfo)]
        bad = [each for each in found if isinstance(each, PermanentError)]
        if bad and request.params.on_bad_file == "fail":
            raise bad[0]
        if not good:
            raise _none_is_good(request, bad[0] if bad else None, given_up)
        trees = tuple(
            each if isinstance(each, TreeInfo) else good[0].emptied(file.url, file.tree)
            for file, each in zip(request.files, found, strict=True)
        )
        skipped = (
            SkippedFile(file=file.name, reason=str(each))
            if isinstance(each, PermanentError)
            else each
            for file, each in zip(request.files, found, strict=True)
        )
        return cls(
            trees=trees, skipped=tuple(each for each in skipped if isinstance(each, SkippedFile))
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say in one sentence which files are skipped, and why."""
        if not self.skipped:
            return ()
        reasons = "; ".join(
            each.reason if each.file in each.reason else f"{each.file}: {each.reason}"
            for each in self.skipped[:_LISTED]
        )
        count = f"{len(self.skipped)} of {len(self.trees)} files"
        return (f"skipped, because they cannot be read: {count}: {reasons}",)

    def by_name(self, request: Request) -> dict[str, TreeInfo]:
        """Return the trees by the files' names as the person wrote them."""
        return {file.name: tree for file, tree in zip(request.files, self.trees, strict=True)}


def _none_is_good(
    request: Request, error: PermanentError | None, given_up: Sequence[SkippedFile]
) -> PermanentError:
    """Return the error that no file is left; it names none, for there is none to skip."""
    problem = error.problem if error else Problem(code="", message=given_up[0].reason)
    files = f"none of {len(request.files)} files" if len(request.files) > 1 else "the only file"
    said = "cannot be read" if len(request.files) == 1 else "can be read; the first"
    return PermanentError(f"{files} {said}: {problem.message}", hint=problem.hint)


def _tree_or_error(
    file: InputFile, known: Mapping[str, SkippedFile], services: Services
) -> TreeInfo | PermanentError | SkippedFile:
    if file.name in known:
        return known[file.name]
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
        return Inputs(request=request, opened=services.recent.parsed(body, _load_opened))
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


def store_opened(event: Event, opened: Opened, services: Services) -> None:
    """Write what opening the files found, for the other steps of this attempt."""
    services.runs_files.put(_opened_key(event), sealed.dump(opened))


def describe(file: InputFile, services: Services) -> TreeInfo:
    """Return what a file holds; errors name the file."""
    with naming(file):
        return services.source.describe(file.url, file.tree)


def entries_before(event: Event, file: str, services: Services) -> int | None:
    """Return how many entries a file had for the attempt before; None if it was not opened."""
    key = files.key(event.owner, event.run, files.opened(event.attempt - 1))
    try:
        opened: Opened = services.recent.parsed(services.runs_files.get(key), _load_opened)
    except (NotFoundError, DamagedError):
        return None
    numbers = {index for index, each in enumerate(opened.files) if each.name == file}
    return sum(part.stop - part.start for part in opened.ranges if part.file in numbers) or None


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
