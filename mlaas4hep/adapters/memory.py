"""Every port of storage and messaging in this process's memory; ships, and obeys the contracts."""

import hashlib
import io
import itertools
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mlaas4hep.core.keys import checked_key
from mlaas4hep.core.requests.auditedaction import AuditedAction
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import (
    ConflictError,
    NotFoundError,
    ServiceUnavailableError,
    TooLargeError,
)
from mlaas4hep.ports import ObjectInfo
from mlaas4hep.ports.deadletters import Letter, Queue
from mlaas4hep.ports.objects import check_etag
from mlaas4hep.ports.runs import Confirm

_BLOCK = 1 << 20


class MemoryStore:
    """`ObjectStore` in a dictionary."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._objects: dict[str, tuple[bytes, ObjectInfo]] = {}
        self._writes = itertools.count(1)
        self._writing = threading.RLock()

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Store `data` under `key`, replacing what was there."""
        content = bytes(data)
        etag = f"{next(self._writes)}-{hashlib.sha256(content).hexdigest()[:16]}"
        info = ObjectInfo(
            key=checked_key(key), size_bytes=len(content), etag=etag, modified_at=self._clock()
        )
        with self._writing:
            self._objects[key] = (content, info)

    def put_if(self, key: str, data: bytes, etag: str) -> None:
        """Store `data` if the object is still that of `etag`."""
        with self._writing:
            found = self.info(key)
            check_etag(key, found, etag)
            self.put(key, data)

    def put_file(self, key: str, path: Path) -> None:
        """Store the content of a local file."""
        self.put(key, path.read_bytes())

    def put_stream(self, key: str, stream: BinaryIO, limit_bytes: int) -> int:
        """Store a stream of unknown length and return its size in bytes."""
        checked_key(key)
        content = bytearray()
        while block := stream.read(_BLOCK):
            content += block
            if len(content) > limit_bytes:
                raise TooLargeError(f"more than the limit of {limit_bytes} bytes came for {key!r}")
        self.put(key, bytes(content))
        return len(content)

    def get(self, key: str) -> bytes:
        """Return the content."""
        try:
            return self._objects[checked_key(key)][0]
        except KeyError:
            raise NotFoundError(f"there is no object {key!r}") from None

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Return a stream over the content."""
        yield io.BytesIO(self.get(key))

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """Return a local file with the content while the context lasts."""
        with tempfile.TemporaryDirectory(prefix="mlaas-object-") as folder:
            path = Path(folder) / key.rsplit("/", 1)[-1]
            path.write_bytes(self.get(key))
            yield path

    def info(self, key: str) -> ObjectInfo | None:
        """Return size and etag, or None if there is no such key."""
        _, info = self._objects.get(checked_key(key), (b"", None))
        return info

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield what lies below `prefix`, sorted by key."""
        found = [info for key, (_, info) in list(self._objects.items()) if key.startswith(prefix)]
        return iter(sorted(found, key=lambda info: info.key))

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the names of what has keys below it."""
        below = [key.removeprefix(prefix) for key in list(self._objects) if key.startswith(prefix)]
        return iter(sorted({key.partition("/")[0] for key in below if "/" in key}))

    def delete(self, key: str) -> None:
        """Remove an object; a key that is not there is fine."""
        self._objects.pop(checked_key(key), None)


class MemoryAudit:
    """`Audit` in a list."""

    def __init__(self) -> None:
        self._actions: list[AuditedAction] = []

    def note(self, audited: AuditedAction) -> None:
        """Add an action."""
        self._actions.append(audited)

    def newest(self, limit: int, owner: str = "") -> list[AuditedAction]:
        """Return the newest actions, newest first."""
        found = [audited for audited in reversed(self._actions) if owner in ("", audited.owner)]
        return found[:limit]


class MemoryBus:
    """`Bus` as a queue; whoever delivers takes the events with `next`."""

    def __init__(self) -> None:
        self.published: list[str] = []  #: ids, in the order in which they were published
        self._ids: set[str] = set()
        self._queue: deque[bytes] = deque()
        self._changed = threading.Condition()

    def publish(self, events: Iterable[Event], again: str = "") -> None:
        """Hand the events over; a repeated id is dropped."""
        with self._changed:
            for event in events:
                message = event.id + again
                if event.sent_to is not None and message not in self._ids:
                    self._ids.add(message)
                    self.published.append(event.id)
                    self._queue.append(cloudevents.dump_event(event))
            self._changed.notify_all()

    def next(self, idle: Callable[[], bool]) -> Event | None:
        """Wait for an event and take it; None when there is none and `idle` holds."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or idle())
            return cloudevents.load_event(self._queue.popleft()) if self._queue else None

    def redeliver(self, event: Event) -> None:
        """Put an event back at the end of the queue."""
        with self._changed:
            self._queue.append(cloudevents.dump_event(event))
            self._changed.notify_all()

    def wake(self) -> None:
        """Make whoever waits in `next` look at `idle` again."""
        with self._changed:
            self._changed.notify_all()


class MemoryDeadLetters:
    """Events that were given up, in this process."""

    def __init__(self) -> None:
        self._letters: dict[int, Letter] = {}

    def bury(self, data: bytes, function: str, problem: str) -> int:
        """Put an event among them, and return its number."""
        sequence = max(self._letters, default=0) + 1
        self._letters[sequence] = Letter(
            sequence=sequence, data=data, function=function, problem=problem
        )
        return sequence

    def letters(self, first: int = 0) -> Iterator[Letter]:
        """Yield what was given up from a number on, the oldest first."""
        yield from [letter for letter in self._letters.values() if letter.sequence >= first]

    def remove(self, sequence: int) -> None:
        """Take one away; one that is gone already is fine."""
        self._letters.pop(sequence, None)

    def queues(self) -> tuple[Queue, ...]:
        """Return nothing: events are delivered as they are told."""
        return ()


class MemoryRunBook:
    """`RunBook` in a dictionary under one lock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._runs: dict[tuple[str, str], Run] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._changed = threading.Condition()
        self._listeners: list[Callable[[str, str], None]] = []

    def create(self, run: Run) -> None:
        """Write a new run."""
        with self._changed:
            if (run.owner, run.name) in self._runs:
                raise ConflictError(f"run {run.name!r} exists already")
            self._runs[run.owner, run.name] = run
            self._tell(run.owner, run.name)

    def get(self, owner: str, name: str) -> Run:
        """Return a run."""
        with self._changed:
            return self._get(owner, name)

    def list(self, owner: str | None = None) -> list[Run]:
        """Return all runs of an owner (None: of everybody), oldest first."""
        with self._changed:
            runs = [run for run in self._runs.values() if owner in {None, run.owner}]
        return sorted(runs, key=lambda run: (run.created_at, run.name))

    def apply(self, events: Iterable[Event]) -> Run | None:
        """Apply the events of one run to its record and return the record afterwards."""
        after: Run | None = None
        with self._changed:
            for event in events:
                before = self._runs.get((event.owner, event.run))
                if before is None:
                    return None
                after = before.apply(event, self._clock())
                self._runs[event.owner, event.run] = after
            if after is not None:
                self._tell(after.owner, after.name)
        return after

    def delete(self, owner: str, name: str) -> None:
        """Forget a run; one that is not there is fine."""
        with self._changed:
            self._runs.pop((owner, name), None)
            self._tell(owner, name)

    def next_number(self, owner: str, folder: str, above: int = 0) -> int:
        """Return 1, 2, 3, … for runs of `folder`, never the same twice."""
        with self._changed:
            number = max(above, self._numbers.get((owner, folder), 0)) + 1
            self._numbers[owner, folder] = number
            return number

    def wait(self, owner: str, name: str, until: Callable[[Run], bool], timeout_s: float) -> Run:
        """Block until the record satisfies `until` or the time is over; return it as it is."""
        with self._changed:
            self._changed.wait_for(lambda: until(self._get(owner, name)), timeout_s)
            return self._get(owner, name)

    def hear(self, changed: Callable[[str, str], None]) -> Callable[[], None]:
        """Call `changed(owner, name)` after each change of any run; return what ends that."""
        with self._changed:
            self._listeners.append(changed)
        return lambda: self._listeners.remove(changed)

    def _tell(self, owner: str, name: str) -> None:
        self._changed.notify_all()
        for listener in self._listeners:
            listener(owner, name)

    def _get(self, owner: str, name: str) -> Run:
        try:
            return self._runs[owner, name]
        except KeyError:
            raise NotFoundError(f"there is no run {name!r}") from None


class MemoryLeases:
    """`Leases` among the threads of this process."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, name: str, patience_s: float = 0.0) -> Iterator[Confirm]:
        """Hold the lease while the context lasts; nobody loses it here."""
        with self._changed:
            if not self._changed.wait_for(lambda: name not in self._held, patience_s):
                raise ServiceUnavailableError(f"somebody else holds the lease {name!r}")
            self._held.add(name)
        try:
            yield lambda: None
        finally:
            with self._changed:
                self._held.discard(name)
                self._changed.notify_all()
