"""What is timed about reading: the steps as the functions run them, and what they are held against.

Every case is a function that prepares, and returns what is timed; a process of its own runs it.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import deflate
import uproot

from bench.steps.inputs import IDENTIFIERS, SELECTED, Inputs
from bench.steps.pipeline import Pipeline, side_by_side
from mlaas4hep.core.runs.events import ChunkPlanned, ChunkReady
from mlaas4hep.pipeline.preprocessing.chunks import preprocess_chunks


@dataclass
class Measured:
    """What one timed body did."""

    entries: int
    notes: dict[str, Any] = field(default_factory=dict)
    helpers: list[dict[str, Any]] = field(default_factory=list)  #: what other processes did
    aside_s: float = 0.0  #: processor time of what only the benchmark does


Body = Callable[[], Measured]


def raw(inputs: Inputs, folder: Path, **_: object) -> Body:
    """Uproot's own reading of the same branches, 10 000 entries at a time."""
    paths = inputs.paths(folder)

    def body() -> Measured:
        entries = 0
        for path in paths:
            with uproot.open(path) as file:
                tree = file["events"]
                for block in tree.iterate(_names(inputs, tree), step_size=10_000):
                    entries += len(block)
        return Measured(entries)

    return body


def _names(inputs: Inputs, tree: Any) -> list[str] | None:
    """Return the branches that are read; None: all."""
    if inputs.kind.endswith("-ntuple"):
        return None
    return sorted(SELECTED if inputs.kind == "nano" else set(tree.keys()) - set(IDENTIFIERS))


def inflate(inputs: Inputs, folder: Path, **_: object) -> Body:
    """Pure decompression of the same baskets with libdeflate: no reader can be faster."""
    packed, entries = [], 0
    for path in inputs.paths(folder):
        data = path.read_bytes()
        with uproot.open(path) as file:
            tree = file["events"]
            entries += tree.num_entries
            for name in _names(inputs, tree) or tree.keys():
                packed += _packed(tree[name], data)

    def body() -> Measured:
        for block, size in packed:
            deflate.zlib_decompress(block, size)
        return Measured(entries)

    return body


def _packed(branch: Any, data: bytes) -> list[tuple[bytes, int]]:
    found = []
    count = branch.num_baskets
    for at, size in zip(
        branch.member("fBasketSeek")[:count], branch.member("fBasketBytes")[:count], strict=True
    ):
        key = int.from_bytes(data[at + 14 : at + 16])
        block = data[at + key : at + size]
        while block:
            packed = int.from_bytes(block[3:6], "little")
            found.append((block[9 : 9 + packed], int.from_bytes(block[6:9], "little")))
            block = block[9 + packed :]
    return found


def specs(
    inputs: Inputs,
    folder: Path,
    state: Path,
    *,
    server: str = "",
    pinned: bool = False,
    at_once: int = 1,
    **_: object,
) -> Body:
    """The specs function: files opened, ranges measured and stored, merged and planned."""
    if pinned:
        _pin(0)
    pipeline = Pipeline(state, _urls(inputs, folder, server), inputs, 10_000)
    _connect(pipeline, folder, server)

    def body() -> Measured:
        (first, *_) = pipeline.specs(at_once=at_once)
        merged = pipeline.services.specs.get(first.specs)
        return Measured(pipeline.entries, {"bits": hashlib.sha256(merged).hexdigest()[:12]})

    return body


def _urls(inputs: Inputs, folder: Path, server: str = "") -> list[str]:
    """Return where the files lie: in the folder, or on a server that has them all."""
    return [f"{server}{path.name}" if server else str(path) for path in inputs.paths(folder)]


def _connect(pipeline: Pipeline, folder: Path, server: str) -> None:
    """Ask the server for another file: functions have asked theirs before."""
    if server:
        url, *_ = _urls(Inputs("small"), folder, server)
        pipeline.services.source.describe(url, "events")


def chunks(
    inputs: Inputs,
    folder: Path,
    state: Path,
    *,
    chunk_size: int = 10_000,
    server: str = "",
    pinned: bool = False,
    at_once: int = 1,
    **_: object,
) -> Body:
    """The chunk-preprocess function: read, shape and store every chunk."""
    if pinned:
        _pin(0)
    urls = _urls(inputs, folder, server)
    planned = Pipeline(state, urls, inputs, chunk_size).specs()
    pipeline = Pipeline(state, urls, inputs, chunk_size)  # another process: nothing is open
    _connect(pipeline, folder, server)

    def body() -> Measured:
        return prepared(pipeline, planned, at_once)

    return body


def prepared(pipeline: Pipeline, planned: Iterable[ChunkPlanned], at_once: int = 1) -> Measured:
    done = Measured(0, {"events": 0})

    def work(event: ChunkPlanned) -> int:
        entries = 0
        for ready in preprocess_chunks(event, pipeline.services):
            assert isinstance(ready, ChunkReady)
            entries += ready.entries
            started = time.thread_time()
            pipeline.services.chunks.delete(ready.key)  # a hundred fill a disk
            done.aside_s += time.thread_time() - started
        return entries

    for entries in side_by_side(work, planned, at_once):
        done.notes["events"] += 1
        done.entries += entries
    return done


def fanned(
    inputs: Inputs, folder: Path, state: Path, of: str = "specs", shares: int = 2, **_: object
) -> Body:
    """Specs or chunks made by several processes at once, each on a core of its own."""
    merging = _opened(inputs, folder, state)
    if of == "chunks":
        merging.specs()
    command = [sys.executable, "-m", "bench.steps.worker", "--wait", "share"]
    command += [inputs.kind, str(inputs.scale), str(inputs.files), str(folder), str(state)]
    workers = [
        subprocess.Popen(
            [*command, json.dumps({"of": of, "share": share, "shares": shares})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for share in range(shares)
    ]
    heard, told = zip(*map(_pipes, workers), strict=True)
    for output in heard:
        output.readline()  # it is ready

    def body() -> Measured:
        for given in told:
            given.write(b"go\n")
            given.flush()
        helpers = [json.loads(output.readline()) for output in heard]
        if of == "chunks":
            return Measured(sum(each["entries"] for each in helpers), helpers=helpers)
        (first, *_) = merging.specs()  # what was measured is found in the store
        merged = merging.services.specs.get(first.specs)
        bits = hashlib.sha256(merged).hexdigest()[:12]
        return Measured(merging.entries, {"bits": bits}, helpers)

    return body


def _pipes(worker: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert worker.stdout is not None
    assert worker.stdin is not None
    return worker.stdout, worker.stdin


def share(
    inputs: Inputs, folder: Path, state: Path, *, of: str, share: int, shares: int, **_: object
) -> Body:
    """One part of the ranges, or the chunks that nobody has taken yet, for `fanned`."""
    _pin(share)
    pipeline = _opened(inputs, folder, state)
    planned = [] if of == "specs" else pipeline.specs()
    taken = state / "taken"
    taken.mkdir(exist_ok=True)

    def body() -> Measured:
        if of == "specs":
            pipeline.specs(share, shares)
            return Measured(pipeline.entries // shares)
        return prepared(pipeline, _mine(planned, taken))

    return body


def _mine(planned: Iterable[ChunkPlanned], taken: Path) -> Iterator[ChunkPlanned]:
    """Yield events one by one as workers come to ask for them, as the dispatcher does."""
    for event in planned:
        with suppress(FileExistsError):
            (taken / event.id.replace("/", "-")).touch(exist_ok=False)
            yield event


def alone(inputs: Inputs, folder: Path, state: Path, of: str = "specs", **_: object) -> Body:
    """Specs or chunks by one process on one core: what `fanned` is held against."""
    _pin(0)
    pipeline = _opened(inputs, folder, state)
    planned = [] if of == "specs" else pipeline.specs()

    def body() -> Measured:
        if of == "specs":
            pipeline.specs()
            return Measured(pipeline.entries)
        return prepared(pipeline, planned)

    return body


def _opened(inputs: Inputs, folder: Path, state: Path) -> Pipeline:
    """Return steps in a process that knows the files, as functions that live do after one range."""
    urls = _urls(inputs, folder)
    pipeline = Pipeline(state, urls, inputs, 10_000)
    for url in urls:
        pipeline.services.source.describe(url, "events")
    return pipeline


def _pin(number: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[number % len(cores)]})
