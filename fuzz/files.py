"""Files of every format, read as a run reads them: described, surveyed, and some entries read."""

import gzip
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from fuzz.target import Read, Target
from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from tests import formats
from tests.adapters.sources.root.seeds import seeds, with_checksums

_ENTRIES = 300
_READ = 2000
_TREE = "Events"


def _as_it_is(data: bytes) -> bytes:
    return data


def _reader(
    suffix: str, tree: str, folder: Path, pack: Callable[[bytes], bytes] = _as_it_is
) -> Read:
    source = DataFiles(MemoryStore(lambda: 0.0))
    path = folder / f"changed{suffix}"

    def read(data: bytes) -> object:
        path.unlink(missing_ok=True)  # another file, not the same one changed
        path.write_bytes(pack(data))
        info = source.describe(str(path), tree)
        names = [branch.name for branch in info.branches]
        stop = min(info.entries, _READ)
        if not names or not stop:
            return info
        survey = source.survey(str(path), tree, names)
        return sum(block.entries for block in source.read(survey, names, 0, stop))

    return read


def _written(sample: formats.Sample, folder: Path) -> Sequence[bytes]:
    path = folder / f"good{sample.suffix}"
    sample.write(path, formats.arrays(_ENTRIES, rows=sample.rows))
    return [path.read_bytes()]


def _root(name: str, folder: Path) -> Sequence[bytes]:
    return [seeds(folder)[name][0]]


ROOT_TARGETS = tuple(
    Target(
        name=f"file {name}",
        make=partial(_reader, ".root", tree),
        seeds=partial(_root, name),
        mended=with_checksums,
    )
    for name, tree in (("tree", "t"), ("ntuple", "t"), ("kinds", "t"), ("root's ntuple", "Events"))
)
_PACKED = tuple(  # bytes that are changed once packed hardly ever come as far as the format
    Target(
        name=f"gzip of {sample.name}",
        make=partial(
            _reader, f"{sample.suffix}.gz", _TREE, pack=partial(gzip.compress, compresslevel=1)
        ),
        seeds=partial(_written, sample),
    )
    for sample in formats.SAMPLES
    if sample.suffix in {".csv", ".jsonl"}
)
TARGETS = (
    *(
        Target(
            name=f"file {sample.name}",
            make=partial(_reader, sample.suffix, _TREE),
            seeds=partial(_written, sample),
        )
        for sample in formats.SAMPLES
    ),
    *_PACKED,
    *ROOT_TARGETS,
)
