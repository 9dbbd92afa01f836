"""The files that are read: generated once into a folder, from a fixed seed, and kept there.

flat: signal and background, 200 000 entries of 29 float32 and three identifiers each.
jagged: signal and background, 50 000 entries of 22 flat branches and 52 jagged ones in four
collections, up to eight long: 442 columns with their counters. nano: 1000 branches.
wide: 20 000 entries of 290 float32 branches. small: 5000 entries as in flat.
many: 200 entries a file as in flat, however many files there are.
`scale` multiplies the entries, `files` divides them among more files.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

IDENTIFIERS = ("run", "event", "luminosityBlock")
SELECTED = tuple(f"s{i}" for i in range(10)) + tuple(f"C{i}_v0" for i in range(10))  #: of nano
ENTRIES = {
    "flat": 200_000,
    "small": 5_000,
    "many": 200,
    "wide": 20_000,
    "jagged": 50_000,
    "nano": 5_000,
}
_CODECS = {"lz4": uproot.LZ4(4), "zstd": uproot.ZSTD(5)}
RARE = 0.9  #: of a trigger
BASKET = {
    "flat": 25_000,
    "small": 5_000,
    "many": 200,
    "wide": 10_000,
    "jagged": 10_000,
    "nano": 1_000,
}


@dataclass(frozen=True)
class Inputs:
    """One set of files."""

    kind: str  #: flat, small, many, wide, jagged, nano; "flat-lz4", "jagged-ntuple" are stored so
    scale: int = 1
    files: int = 2

    @property
    def values(self) -> str:
        """Return the kind without how it is stored."""
        return self.kind.partition("-")[0]

    @property
    def name(self) -> str:
        return f"{self.kind}_x{self.scale}_in_{self.files}"

    def paths(self, folder: Path) -> list[Path]:
        """Return the files, generated if they are not there."""
        found = [folder.absolute() / f"{self.name}_{i}.root" for i in range(self.files)]
        whole = ENTRIES[self.values] * (self.files if self.kind == "many" else 2)
        entries = whole * self.scale // self.files
        for number, path in enumerate(found):
            if not path.exists():
                folder.mkdir(parents=True, exist_ok=True)
                aside = path.with_suffix(".part")
                _write(self.kind, aside, entries, number)
                aside.rename(path)
        return found


def _write(stored: str, path: Path, entries: int, number: int) -> None:
    rng = np.random.default_rng(number)
    kind, _, how = stored.partition("-")
    step = min(BASKET[kind], entries)
    with uproot.recreate(path, compression=_CODECS.get(how, uproot.ZLIB(1))) as file:
        for start in range(0, entries, step):
            n = min(step, entries - start)
            arrays = _identifiers(start, n) | _MAKERS[kind](rng, n, 0.3 * (number % 2))
            if how == "ntuple":
                _extend_ntuple(file, arrays)
                continue
            if "events" not in file:
                file.mktree("events", {k: _type_of(array) for k, array in arrays.items()})
            file["events"].extend(arrays)


def _extend_ntuple(file: Any, arrays: dict[str, object]) -> None:
    if "events" in file:
        file["events"].extend(arrays)
    else:
        file.mkrntuple("events", arrays)


def _type_of(array: object) -> object:
    return array.dtype if isinstance(array, np.ndarray) else ak.type(array).content


def _identifiers(start: int, n: int) -> dict[str, object]:
    return {
        "run": np.full(n, 1, np.int32),
        "event": np.arange(start, start + n),
        "luminosityBlock": np.full(n, 3, np.int32),
    }


def _flat(rng: np.random.Generator, n: int, shift: float) -> dict[str, object]:
    return {f"f{i}": rng.normal(shift * (i % 3), 1, n).astype(np.float32) for i in range(29)}


def _wide(rng: np.random.Generator, n: int, shift: float) -> dict[str, object]:
    return {f"f{i}": rng.normal(shift * (i % 3), 1, n).astype(np.float32) for i in range(290)}


def _jagged(rng: np.random.Generator, n: int, shift: float) -> dict[str, object]:
    arrays: dict[str, object] = {
        f"s{i}": rng.normal(shift * (i % 2), 1, n).astype(np.float32) for i in range(22)
    }
    for group in range(4):
        counts = rng.poisson(2.0 + group, n).clip(0, 8)
        total = int(counts.sum())
        fields = {
            f"v{i}": ak.unflatten(rng.exponential(1 + shift, total).astype(np.float32), counts)
            for i in range(13)
        }
        arrays[f"J{group}"] = ak.zip(fields)
    return arrays


def _nano(rng: np.random.Generator, n: int, shift: float) -> dict[str, object]:
    arrays: dict[str, object] = {f"HLT_path{i}": rng.random(n) > RARE for i in range(600)}
    arrays |= {f"s{i}": rng.normal(shift, 1, n).astype(np.float32) for i in range(197)}
    for group in range(20):
        counts = rng.poisson(2.0, n).clip(0, 8)
        total = int(counts.sum())
        fields = {
            f"v{i}": ak.unflatten(rng.exponential(1 + shift, total).astype(np.float32), counts)
            for i in range(9)
        }
        arrays[f"C{group}"] = ak.zip(fields)
    return arrays


_MAKERS = {
    "flat": _flat,
    "small": _flat,
    "many": _flat,
    "wide": _wide,
    "jagged": _jagged,
    "nano": _nano,
}
