"""What the steps need from the world, in the words of the domain; the docstrings are the contract.

Every port has an adapter for the real thing and one in memory, and both obey the same tests
(`tests/contracts`).
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from mlaas4hep.core.data.columns import Array, Columns
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.scoring import Format, Table
from mlaas4hep.core.models.training import ModelSummary, Report, TrainingJob
from mlaas4hep.core.requests.person import Person
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.runs.run import Run

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """What a store knows about an object without reading it."""

    key: str
    size_bytes: int
    etag: str  #: changes whenever other content is written
    modified_at: float  #: seconds since the epoch, UTC


class ObjectStore(Protocol):
    """One bucket. Writes are atomic: a reader sees the old object or the new one, never a part.

    Keys are `a/b/c` without `..`, empty parts or a leading slash (InvalidRequestError).
    Every method raises ServiceUnavailableError when the store does not answer.
    """

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Store `data` under `key`, replacing what was there."""

    def put_file(self, key: str, path: Path) -> None:
        """Store the content of a local file without holding it in memory."""

    def put_stream(self, key: str, stream: BinaryIO, limit_bytes: int) -> int:
        """Store a stream of unknown length and return its size in bytes.

        Raises:
            TooLargeError: more than `limit_bytes` came; nothing is stored.
        """

    def get(self, key: str) -> bytes:
        """Return the content.

        Raises:
            NotFoundError: there is no such key.
        """

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Return a stream over the content, for objects too large for memory; NotFoundError."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """Return a local file with the content while the context lasts; NotFoundError.

        It must not be changed. A directory store gives its own file, others a cached copy.
        """

    def info(self, key: str) -> ObjectInfo | None:
        """Return size and etag, or None if there is no such key."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield what lies below `prefix`, sorted by key."""

    def delete(self, key: str) -> None:
        """Remove an object; a key that is not there is fine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadForm:
    """How somebody without a key of the store may put one object there: a form for HTTP POST."""

    url: str
    fields: dict[str, str]  #: to be sent before the field `file`


class DirectUploads(Protocol):
    """Uploads past the functions, straight into bucket tarballs."""

    def form(self, key: str, limit_bytes: int, seconds: int) -> UploadForm | None:
        """Return a form for one object of at most `limit_bytes`; None: nobody may upload so."""


class NoDirectUploads:
    """`DirectUploads` of stores that nobody outside can reach."""

    def form(self, key: str, limit_bytes: int, seconds: int) -> UploadForm | None:  # noqa: ARG002
        """Return None."""
        return None


class DataSource(Protocol):
    """ROOT files, wherever they are.

    `url` is an absolute local path, `root://…`, `https://…`, or `tarball:KEY` for an object in
    bucket tarballs. A file that is missing, truncated or not ROOT is an UnreadableFile…
    InvalidRequestError that names the file; a tree that is not there names those that are;
    a server that does not answer is ServiceUnavailableError.
    """

    def find(self, pattern: str) -> Sequence[str]:
        """Return the URLs of the files of a server that match `root://host//folder/*.root`.

        Only the last part may be a pattern. InvalidRequestError where nothing can be listed.
        """

    def trees(self, url: str) -> tuple[str, ...]:
        """Return the names of the trees in a file, sorted; none in a format without trees."""

    def describe(self, url: str, tree: str) -> TreeInfo:
        """Open the file and return what it holds; reads no entries."""

    def survey(self, url: str, tree: str, branches: Iterable[str]) -> Survey:
        """Open the file and return what `read` needs to know about `branches`.

        Raises:
            InvalidRequestError: a branch is not there, or cannot be numbers.
        """

    def read(
        self, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Yield entries [start, stop) of `branches` in order, in blocks of bounded memory.

        Reads the bytes of those branches and of no others. The survey may have been made by
        another process.

        Raises:
            PermanentError: the file is another one than was surveyed.
        """


class Bus(Protocol):
    """The way events travel to functions."""

    def publish(self, events: Iterable[Event], again: str = "") -> None:
        """Hand the events over durably, or raise ServiceUnavailableError.

        An event whose id was published within the last minutes is dropped silently, unless
        `again` is a text that was not used before: what was lost is told again.
        Events that are sent to nobody are skipped.
        """


class RunBook(Protocol):
    """The state of every run, changed by compare-and-set."""

    def create(self, run: Run) -> None:
        """Write a new run.

        Raises:
            ConflictError: there is one of this owner and name.
        """

    def get(self, owner: str, name: str) -> Run:
        """Return a run; NotFoundError."""

    def list(self, owner: str | None = None) -> list[Run]:
        """Return all runs of an owner (None: of everybody), oldest first."""

    def apply(self, events: Iterable[Event]) -> Run | None:
        """Apply the events of one run to its record and return the record afterwards.

        Atomic against other writers. None when the run was deleted.
        """

    def delete(self, owner: str, name: str) -> None:
        """Forget a run; one that is not there is fine. Its number is not given out again."""

    def next_number(self, owner: str, folder: str, above: int = 0) -> int:
        """Return 1, 2, 3, … for runs of `folder`; never the same twice, also after a restart.

        Args:
            owner: whose runs.
            folder: what they come from.
            above: a number that is known to be given out already.
        """

    def wait(self, owner: str, name: str, until: Callable[[Run], bool], timeout_s: float) -> Run:
        """Block until the record satisfies `until` or the time is over; return it as it is then.

        Raises:
            NotFoundError: the run is not there, or is deleted meanwhile.
        """

    def hear(self, changed: Callable[[str, str], None]) -> Callable[[], None]:
        """Call `changed(owner, name)` after each change of any run; return what ends that.

        It is called from a thread of the run book and must not block. What changes while the book
        cannot be reached is told afterwards, perhaps several changes as one.
        """


class People(Protocol):
    """Whom the `Authorization` header of a request belongs to."""

    def person(self, authorization: str | None) -> Person:
        """Return who sent this header.

        Raises:
            UnauthenticatedError: there is no bearer token, or it does not hold.
            ServiceUnavailableError: what is needed to check it does not answer.
        """


class Deliveries(Protocol):
    """Which event the `Authorization` header of a delivery allows; for one function."""

    def event_id(self, authorization: str | None) -> str:
        """Return the id of the only event that this header may deliver.

        Raises:
            UnauthenticatedError: the header is not one of the dispatcher for this function.
        """


class Leases(Protocol):
    """Who works on what, when two must not."""

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Hold the lease while the context lasts; a dead holder loses it within 30 s.

        Raises:
            ServiceUnavailableError: somebody else holds it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorInfo:
    """One input or output of a model."""

    name: str
    dtype: str  #: NumPy name, such as "float32"; "bytes": strings, as Python's `bytes`
    shape: tuple[int, ...]  #: -1: any size; the first dimension counts rows


class Runtime(Protocol):
    """A loaded model, ready to predict. It is used by one thread at a time."""

    @property
    def platform(self) -> str:
        """What runs it: "litert", "onnx" or "tensorflow"."""

    @property
    def prompt_rows(self) -> int:
        """How many rows surely take less than a millisecond; 0: it could take for ever."""

    @property
    def signatures(self) -> Mapping[str, "Runtime"]:
        """Its ways in by name, if there are several; without a default, `inputs` is empty."""

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """What it takes, in the model's order."""

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """What it gives, in the model's order."""

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return every output for all rows of `feeds`, one array an input, all of equal length.

        Raises:
            InvalidRequestError: shapes or types do not fit the model, or its graph refuses them.
            ServiceUnavailableError: what runs it died; the model must be loaded again.
        """


class Training(Protocol):
    """One training under way in a process of its own."""

    def report(self, timeout_s: float) -> Report | None:
        """Return the next report, or None when none came in time.

        Raises:
            PermanentError: the training cannot go on; the message says why and what to do.
            ServiceUnavailableError: the process was killed from outside; a new one may resume.
        """

    def give_chunk(self, path: Path) -> None:
        """Hand over the chunk that was asked for first; the file may go away afterwards."""

    def log(self) -> bytes:
        """Return what model.py printed so far, shortened in the middle when it is long."""


class Trainer(Protocol):
    """Runs somebody's model.py where it can do no harm."""

    def start(
        self,
        job: TrainingJob,
        model_py: bytes,
        checkpoint: Path | None = None,
        beside: bytes = b"",
    ) -> AbstractContextManager[Training]:
        """Start a training; its process ends with the context at the latest.

        Args:
            job: what is to be done.
            model_py: somebody's program.
            checkpoint: state to go on from.
            beside: a zip of the files that model.py may import and read; empty: none.
        """

    def check(self, model_py: bytes, job: TrainingJob, beside: bytes = b"") -> ModelSummary:
        """Build the model without training it; PermanentError as `Training.report` raises."""


class TableWriter(Protocol):
    """Writes tables as files that others read."""

    def write(self, kind: Format, path: Path, parts: Iterable[Table]) -> None:
        """Write the parts one after the other; the first says which columns there are."""


LoadModel = Callable[[ObjectStore, ModelRecord], Runtime]  #: InvalidRequestError: it is broken


class Recent(Protocol):
    """What this process made lately and may need again, by what it was made from: never stale."""

    def find(self, source: Hashable) -> Any | None:
        """Return what was kept for `source`, or None."""

    def keep(self, source: Hashable, value: Any, size_bytes: int) -> None:
        """Keep `value`, which takes about `size_bytes`, as long as there is room."""

    def parsed(self, text: bytes, parse: Callable[[bytes], T]) -> T:
        """Return `parse(text)`, done once as long as there is room."""


@dataclass(slots=True)
class Stopping:
    """Whether this process was told to end; long work looks at it and makes room."""

    is_asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The world as the steps see it; made by `bootstrap`, passed as an argument."""

    tarballs: ObjectStore
    runs_files: ObjectStore  #: bucket runs
    specs: ObjectStore
    chunks: ObjectStore
    models: ObjectStore
    source: DataSource
    bus: Bus
    runs: RunBook
    leases: Leases
    clock: Callable[[], float]  #: seconds since the epoch, for doors only
    trainer: Trainer
    load_model: LoadModel
    tables: TableWriter
    recent: Recent  #: records that were parsed already
    stopping: Stopping = field(default_factory=Stopping)
    direct_uploads: DirectUploads = field(default_factory=NoDirectUploads)
    range_entries: int = 100_000  #: entries that one event measures
