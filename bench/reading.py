"""What is timed about reading: the steps as the functions run them, and what they are held against.

Every case is a function that prepares, and returns what is timed; a process of its own runs it.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import deflate
import numpy as np
import uproot

from bench.inputs import IDENTIFIERS, Inputs
from mlaas4hep.adapters.directory import DirectoryStore
from mlaas4hep.adapters.memory import MemoryBus, MemoryLeases, MemoryRunBook
from mlaas4hep.adapters.rootfiles import RootFiles
from mlaas4hep.core import keys, wire
from mlaas4hep.core.chunkfile import Draft, decode
from mlaas4hep.core.events import (
    ChunkPlanned,
    Event,
    FilesOpened,
    RangeMeasured,
    RangePlanned,
    RunSubmitted,
)
from mlaas4hep.core.labels import Labels
from mlaas4hep.core.request import InputFile, Params, Request
from mlaas4hep.core.run import Run
from mlaas4hep.ports import Services
from mlaas4hep.steps.chunks import preprocess_chunk
from mlaas4hep.steps.specs import measure_range, merge_ranges, open_files

RUN = {"owner": "bench", "run": "bench_1"}
SELECTED = tuple(f"s{i}" for i in range(10)) + tuple(f"C{i}_v0" for i in range(10))


@dataclass
class Measured:
    """What one timed body did."""

    entries: int
    notes: dict[str, object] = field(default_factory=dict)


Body = Callable[[], Measured]


class Pipeline:
    """The steps up to chunks on stores in a folder, one event after the other."""

    def __init__(self, state: Path, urls: list[str], inputs: Inputs, chunk_size: int) -> None:
        stores = {bucket: DirectoryStore(state, bucket) for bucket in keys.BUCKETS}
        self.services = Services(
            tarballs=stores["tarballs"],
            runs_files=stores["runs"],
            specs=stores["specs"],
            chunks=stores["chunks"],
            models=stores["models"],
            source=RootFiles(stores["tarballs"]),
            bus=MemoryBus(),
            runs=MemoryRunBook(time.time),
            leases=MemoryLeases(),
            clock=time.time,
        )
        request = Request(
            owner=RUN["owner"],
            run=RUN["run"],
            folder="bench",
            upload="",
            files=tuple(InputFile(name=url, url=url, tree="events") for url in urls),
            labels=Labels(values=tuple(float(i % 2) for i in range(len(urls)))),
            params=Params(
                chunk_size=chunk_size,
                identifier=IDENTIFIERS,
                selected_branches=SELECTED if inputs.kind == "nano" else (),
            ),
            model_sha256="",
        )
        self.services.runs_files.put(keys.run(*RUN.values(), "request.json"), wire.dump(request))
        run = Run(
            owner=RUN["owner"],
            name=RUN["run"],
            folder="bench",
            number=1,
            created_at=0,
            updated_at=0,
        )
        self.services.runs.create(run)
        self.entries = 0

    def specs(self, share: int = 0, shares: int = 1) -> list[Event]:
        """Do the specs function's work and return the planned chunks.

        With more than one share, only one part of the ranges is measured and nothing merged.
        """
        opened, *planned = self.tell(open_files(RunSubmitted(**RUN), self.services))
        assert isinstance(opened, FilesOpened)
        self.entries = opened.entries
        for event in planned[share::shares]:
            assert isinstance(event, RangePlanned)
            measured = self.tell(measure_range(event, self.services))
        if shares > 1:
            return []
        (last,) = measured
        assert isinstance(last, RangeMeasured)
        news = self.tell(merge_ranges(last, self.services))
        return [event for event in news if isinstance(event, ChunkPlanned)]

    def tell(self, news: list[Event]) -> list[Event]:
        self.services.runs.apply(news)
        return news


def raw(inputs: Inputs, folder: Path, **_: object) -> Body:
    """Uproot's own reading of the same branches, 10 000 entries at a time."""
    paths = inputs.paths(folder)

    def body() -> Measured:
        entries = 0
        for path in paths:
            with uproot.open(path) as file:
                tree = file["events"]
                names = SELECTED if inputs.kind == "nano" else set(tree.keys()) - set(IDENTIFIERS)
                for block in tree.iterate(sorted(names), step_size=10_000):
                    entries += len(block)
        return Measured(entries)

    return body


def inflate(inputs: Inputs, folder: Path, **_: object) -> Body:
    """Pure decompression of the same baskets with libdeflate: no reader can be faster."""
    packed, entries = [], 0
    for path in inputs.paths(folder):
        data = path.read_bytes()
        with uproot.open(path) as file:
            tree = file["events"]
            entries += tree.num_entries
            names = SELECTED if inputs.kind == "nano" else set(tree.keys()) - set(IDENTIFIERS)
            for name in names:
                packed += _packed(tree[name], data)

    def body() -> Measured:
        for block, size in packed:
            deflate.zlib_decompress(block, size)
        return Measured(entries)

    return body


def _packed(branch: object, data: bytes) -> list[tuple[bytes, int]]:
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


def specs(inputs: Inputs, folder: Path, state: Path, **_: object) -> Body:
    """The specs function: files opened, ranges measured and stored, merged and planned."""
    pipeline = Pipeline(state, [str(path) for path in inputs.paths(folder)], inputs, 10_000)

    def body() -> Measured:
        (first, *_) = pipeline.specs()
        assert isinstance(first, ChunkPlanned)
        merged = pipeline.services.specs.get(first.specs)
        return Measured(pipeline.entries, {"bits": hashlib.sha256(merged).hexdigest()[:12]})

    return body


def chunks(
    inputs: Inputs, folder: Path, state: Path, chunk_size: int = 10_000, **_: object
) -> Body:
    """The chunk-preprocess function: read, shape and store every chunk."""
    urls = [str(path) for path in inputs.paths(folder)]
    planned = Pipeline(state, urls, inputs, chunk_size).specs()
    pipeline = Pipeline(state, urls, inputs, chunk_size)  # another process: nothing is open

    def body() -> Measured:
        entries = 0
        for event in planned:
            (ready,) = preprocess_chunk(event, pipeline.services)
            entries += ready.entries
            pipeline.services.chunks.delete(ready.key)
        return Measured(entries, {"chunks": len(planned)})

    return body


def fanned(inputs: Inputs, folder: Path, state: Path, shares: int = 2, **_: object) -> Body:
    """Specs measured by several processes at once, then merged by this one."""
    urls = [str(path) for path in inputs.paths(folder)]
    command = [sys.executable, "-m", "bench.worker", "--wait", "share"]
    command += [inputs.kind, str(inputs.scale), str(inputs.files), str(folder), str(state)]
    workers = [
        subprocess.Popen(
            [*command, json.dumps({"share": share, "shares": shares})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for share in range(shares)
    ]
    for worker in workers:
        worker.stdout.readline()  # it is ready

    def body() -> Measured:
        for worker in workers:
            worker.stdin.write(b"go\n")
            worker.stdin.flush()
        for worker in workers:
            worker.communicate()
            assert worker.returncode == 0
        pipeline = Pipeline(state, urls, inputs, 10_000)
        (first, *_) = pipeline.specs()
        merged = pipeline.services.specs.get(first.specs)
        return Measured(pipeline.entries, {"bits": hashlib.sha256(merged).hexdigest()[:12]})

    return body


def share(inputs: Inputs, folder: Path, state: Path, share: int, shares: int, **_: object) -> Body:
    """One part of the ranges, for `fanned`."""
    pipeline = Pipeline(state, [str(path) for path in inputs.paths(folder)], inputs, 10_000)

    def body() -> Measured:
        pipeline.specs(share, shares)
        return Measured(pipeline.entries // shares)

    return body


def nano_bytes(inputs: Inputs, folder: Path, **_: object) -> Body:
    """Read 20 of 1000 branches, and count the bytes."""
    (path, *_others) = inputs.paths(folder)
    source = RootFiles(DirectoryStore(Path(tempfile.mkdtemp()), "none"))
    info = source.describe(str(path), "events")
    sizes = {branch.name: branch.size_bytes for branch in info.branches}

    def body() -> Measured:
        before = _bytes_read()
        for _ in source.read(str(path), "events", SELECTED, 0, info.entries):
            pass
        taken = _bytes_read() - before
        wanted = sum(sizes[name] for name in SELECTED)
        return Measured(
            info.entries,
            {"bytes read": taken, "of these branches": wanted, "file": info.size_bytes},
        )

    return body


def _bytes_read() -> int:
    text = Path("/proc/self/io").read_text()
    return int(text.split("rchar: ")[1].split()[0])


def handover(state: Path, rows: int = 10_000, **_: object) -> Body:
    """Encode and decode one chunk of 442 columns, without and with the store."""
    rng = np.random.default_rng(1)
    widths = (8,) * 52
    x = rng.random((rows, 26 + sum(widths)), np.float32)
    store = DirectoryStore(state, "chunks")

    def body() -> Measured:
        notes: dict[str, object] = {}
        draft = Draft.of(rows, 26, widths)
        draft.x[:] = x
        draft.y[:] = 1
        draft.counts[:] = 3
        data = _timed(notes, "seal ms", draft.seal)
        _timed(notes, "put ms", lambda: store.put("a.chunk", data))
        body = _timed(notes, "get ms", lambda: store.get("a.chunk"))
        chunk = _timed(notes, "decode ms", lambda: decode(body))
        _timed(notes, "mask ms", lambda: chunk.mask)
        notes["MB"] = round(len(body) / 1e6, 1)
        return Measured(rows, notes)

    return body


def _timed(notes: dict[str, object], name: str, call: Callable[[], object]) -> object:
    started = time.perf_counter()
    result = call()
    notes[name] = round(1000 * (time.perf_counter() - started), 2)
    return result


BODIES = {
    each.__name__: each
    for each in (raw, inflate, specs, chunks, fanned, share, nano_bytes, handover)
}
