"""Files of every format, read as a run reads them: described, surveyed, and some entries read.

What is read in a process a file is tried a second time without that process, which is most of the
time: there the reader may break, as it may in the confined one.
"""

import gzip
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from fuzz.target import Read, Target
from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.columnar.file import PlaceFile
from mlaas4hep.adapters.sources.columnar.table import Opening
from mlaas4hep.adapters.sources.confined import child
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.places.bytes import FileBytes
from mlaas4hep.adapters.sources.places.place import Place
from mlaas4hep.errors import InvalidRequestError
from tests import formats
from tests.adapters.sources.root.seeds import seeds, with_checksums

_ENTRIES = 40  #: a changed byte of few meets what counts more often than one of many
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


def _reader_within(module: str, folder: Path) -> Read:
    """Return what reads a file as the confined process of its format does."""
    form = child.prepare(module)
    path = folder / "changed"

    def read(data: bytes) -> object:
        path.write_bytes(data)
        content = FileBytes.at(path)
        place = Place(url=str(path), version="", size_bytes=len(data), open=lambda _stack: content)
        with ExitStack() as stack:
            file = PlaceFile(place, content)
            opening = Opening(place=place, file=file, tree=_TREE, layout="", stack=stack)
            try:
                table = form.open_table(opening)
                found = table.contents
                names = [branch.name for branch in found.branches]
                return table.read(names, (0, min(found.entries, _READ))) if names else found
            except (Exception, MemoryError) as error:  # a file that is damaged
                raise InvalidRequestError(str(error)[:100]) from error

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
    for name, tree in (
        ("tree", "t"),
        ("baskets inside", "halves"),
        ("ntuple", "t"),
        ("kinds", "t"),
        ("root's ntuple", "Events"),
    )
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
_WITHIN = {"HDF5": "hdf5.table", "Avro": "avro"}
TARGETS = (
    *(
        Target(
            name=f"within {sample.name}",
            make=partial(_reader_within, _WITHIN[sample.format]),
            seeds=partial(_written, sample),
            may_break=True,
        )
        for sample in formats.SAMPLES
        if sample.format in _WITHIN
    ),
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
