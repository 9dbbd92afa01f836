"""Input files are opened, several side by side; those that are bad and may be, skipped."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.requests.request import InputFile, Request
from mlaas4hep.core.runs.inputfiles import SkippedFile
from mlaas4hep.core.selection.openedfiles import OpenedFile
from mlaas4hep.errors import MlaasError, OverdueError, PermanentError, Problem
from mlaas4hep.ports import Services

AT_ONCE = 16  #: files opened, or stored specs fetched, side by side: that is waiting, not work
_MOMENT_S = 0.5  #: for files that are as quick as the one that is bad: the first of them is named
_LOOK_S = 1.0  #: between two looks whether this process is told to end
_LISTED = 5  #: files that a warning names


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

        A bad file that may not be skipped is told at once, whatever the servers of others do.

        Raises:
            MlaasError: a file cannot be opened and may not be skipped, none can be opened, or this
                process is told to end meanwhile.
        """
        known = {skipped.file: skipped for skipped in given_up}
        look = partial(_tree_or_error, known=known, services=services)
        is_strict = request.params.on_bad_file == "fail"
        found = _look_at_all(look, request.files, services.stopping.check, is_strict=is_strict)
        good = [each for each in found if isinstance(each, TreeInfo)]
        bad = [each for each in found if isinstance(each, PermanentError)]
        for each in found:
            if isinstance(each, MlaasError) and not isinstance(each, PermanentError):
                raise each  # its server is away
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


_Found = TreeInfo | MlaasError | SkippedFile


def _look_at_all(
    look: Callable[[InputFile], _Found],
    files: Sequence[InputFile],
    check: Callable[[], None],
    *,
    is_strict: bool,
) -> list[_Found]:
    """Return what each file is.

    Args:
        look: at one file.
        files: all of them.
        check: raises when nobody is to wait any longer.
        is_strict: the first that is bad is raised, and the rest is not waited for.

    Raises:
        PermanentError: a file is bad.
    """
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="open")
    try:
        looks = [pool.submit(look, file) for file in files]
        left = set(looks)
        while left:
            done, left = wait(left, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            try:
                check()
            except OverdueError as error:
                raise error.located(file=_first(files, looks).name) from None
            if is_strict and any(isinstance(each.result(), PermanentError) for each in done):
                wait(left, timeout=_MOMENT_S)
                found = (each.result() for each in looks if each.done())
                raise next(bad for bad in found if isinstance(bad, PermanentError))
        return [each.result() for each in looks]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _first(files: Sequence[InputFile], looks: Sequence[Future[_Found]]) -> InputFile:
    """Return the first file that is still looked at; the last one if there is none."""
    waited_for = (file for file, each in zip(files, looks, strict=True) if not each.done())
    return next(waited_for, files[-1])


def _none_is_good(
    request: Request, error: PermanentError | None, given_up: Sequence[SkippedFile]
) -> PermanentError:
    """Return the error that no file is left; it names none, for there is none to skip."""
    problem = error.problem if error else Problem(code="", message=given_up[0].reason)
    files = f"none of {len(request.files)} files" if len(request.files) > 1 else "the only file"
    said = "cannot be read" if len(request.files) == 1 else "can be read; the first"
    return PermanentError(f"{files} {said}: {problem.message}", hint=problem.hint)


def _tree_or_error(file: InputFile, known: Mapping[str, SkippedFile], services: Services) -> _Found:
    if file.name in known:
        return known[file.name]
    try:
        return describe(file, services)
    except MlaasError as error:
        return error


def describe(file: InputFile, services: Services) -> TreeInfo:
    """Return what a file holds; errors name the file."""
    with errors_about(file):
        return services.source.describe(file.url, file.tree)


@contextmanager
def errors_about(file: InputFile | OpenedFile) -> Iterator[None]:
    """Name the file in errors about it."""
    try:
        yield
    except MlaasError as error:
        raise error.located(file=file.name) from error.__cause__
