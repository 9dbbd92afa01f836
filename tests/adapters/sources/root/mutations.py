"""Damaged and hostile ROOT files: bytes of good ones changed at random, checksums put right again.

`python -m tests.adapters.sources.root.mutations --count 100000` tries many, in a process of bounded
memory, and prints seed and number of each one that ends in another way than it should.
"""

import argparse
import resource
import signal
import struct
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import awkward as ak
import numpy as np
import uproot
import xxhash

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import MlaasError
from tests import oracle

DATA = Path(__file__).with_name("data")
SECONDS = 5
MEMORY_BYTES = 3 * 1024**3
ENTRIES = 2_000  #: read at most
_ODD = (0, 1, 0x7F, 0x80, 0xFF)


class TooLongError(Exception):
    """A file took more time than any file may."""


def bases(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Return good files by name, and the trees in them; structures are not compressed."""
    arrays = {
        "x": np.arange(300.0),
        "b": np.arange(300) % 3 == 0,
        "fix": np.arange(900, dtype=np.int16).reshape(300, 3),
        "Jet": ak.zip({"pt": ak.unflatten(np.arange(450.0), [1, 2] * 150)}),
    }
    oracle.write_tree(folder / "tree.root", "t", arrays, basket=100, compression=None)
    with uproot.recreate(folder / "ntuple.root", compression=None) as file:
        file.mkrntuple("t", arrays)
    return {
        "tree": ((folder / "tree.root").read_bytes(), "t"),
        "ntuple": ((folder / "ntuple.root").read_bytes(), "t"),
        "kinds": ((DATA / "kinds.root").read_bytes(), "t"),
        "root's ntuple": ((DATA / "ntuple.root").read_bytes(), "Events"),
    }


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Return the file with a few changes: bits, bytes, numbers, pieces moved, the end cut off."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        _change(changed, rng)
    return bytes(_with_checksums(changed)) if rng.random() < 0.8 else bytes(changed)


def _change(data: bytearray, rng: np.random.Generator) -> None:
    at = int(rng.integers(0, len(data) - 8))
    match int(rng.integers(0, 6)):
        case 0:
            data[at] ^= 1 << int(rng.integers(0, 8))
        case 1:
            data[at] = int(rng.choice(_ODD))
        case 2:
            size = int(rng.choice([2, 4, 8]))
            data[at : at + size] = bytes([int(rng.choice(_ODD))]) * size
        case 3:
            number = int(rng.integers(0, 2**31)) >> int(rng.integers(0, 31))
            data[at : at + 4] = struct.pack(str(rng.choice(["<I", ">I"])), number)
        case 4:
            size = int(rng.integers(1, 64))
            start = int(rng.integers(0, len(data) - size))
            data[at : at + size] = data[start : start + size]
        case _:
            del data[at : at + int(rng.integers(1, 8))]


def _with_checksums(data: bytearray) -> bytearray:
    """Put the checksums of envelopes right, as somebody would who wants them to be believed."""
    for kind in (1, 2, 3):
        at = data.find(kind.to_bytes(2, "little"))
        while at >= 0:
            length = int.from_bytes(data[at + 2 : at + 8], "little")
            if 16 < length <= len(data) - at and length < 100_000:
                checksum = xxhash.xxh3_64_intdigest(bytes(data[at : at + length - 8]))
                data[at + length - 8 : at + length] = checksum.to_bytes(8, "little")
                break
            at = data.find(kind.to_bytes(2, "little"), at + 1)
    return data


def outcome(path: Path, tree: str) -> str:
    """Return how reading a file ends: "read", or the class of our error.

    Raises:
        Exception: what must not come.
    """
    source = DataFiles(MemoryStore(lambda: 0.0))
    try:
        with _deadline():
            info = source.describe(str(path), tree)
            names = [branch.name for branch in info.branches]
            stop = min(info.entries, ENTRIES)
            if names and stop:
                survey = source.survey(str(path), tree, names)
                for _ in source.read(survey, names, 0, stop):
                    pass
    except MlaasError as error:
        return type(error).__name__
    return "read"


@contextmanager
def _deadline() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TooLongError(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def attempts(seed: int, count: int, folder: Path) -> Iterator[tuple[int, str, Path, str]]:
    """Yield number, name of the base, path and tree of each changed file."""
    known = bases(folder)
    names = sorted(known)
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        name = names[number % len(names)]
        data, tree = known[name]
        path = folder / "changed.root"
        path.write_bytes(mutated(data, rng))
        yield number, name, path, tree


def main() -> None:
    """Try many, and print what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number, name, path, tree in attempts(given.seed, given.count, Path(folder)):
            try:
                ends[outcome(path, tree)] += 1
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                ends[f"WRONG {type(error).__name__}"] += 1
                where = traceback.extract_tb(error.__traceback__)[-1]
                print(f"seed {given.seed} number {number} {name}: {error!r} {where}", flush=True)  # noqa: T201
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"seed {given.seed}: {dict(ends)}, {memory} MB")  # noqa: T201


if __name__ == "__main__":
    main()
