"""What the fast code must agree with: plain, slow, entry by entry, obvious.

Entries are dictionaries from branch to a number or a list of numbers, as a person thinks of them.
"""

import math
from typing import Any

import awkward as ak
import numpy as np
import uproot

from mlaas4hep.core.data.columns import Columns, Jagged

Entry = dict[str, Any]


def entries_of(columns: Columns) -> list[Entry]:
    """Return the entries one by one."""
    found = []
    for i in range(columns.entries):
        entry: Entry = {name: values[i] for name, values in columns.flat.items()}
        for name, rows in columns.jagged.items():
            entry[name] = list(rows.content[rows.offsets[i] : rows.offsets[i + 1]])
        found.append(entry)
    return found


def columns_of(entries: list[Entry], flat: dict[str, Any], jagged: dict[str, Any]) -> Columns:
    """Return entries as columns; `flat` and `jagged` give the dtype of each branch."""
    return Columns(
        entries=len(entries),
        flat={k: np.array([e[k] for e in entries], dtype) for k, dtype in flat.items()},
        jagged={
            k: Jagged(
                content=np.array([v for e in entries for v in e[k]], dtype),
                offsets=np.cumsum([0] + [len(e[k]) for e in entries]).astype(np.int64),
            )
            for k, dtype in jagged.items()
        },
    )


def specs(entries: list[Entry]) -> dict[str, dict[str, Any]]:
    """Return low, high, width, nan and inf of every branch."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        for name, value in entry.items():
            jagged = isinstance(value, list)
            spec = found.setdefault(
                name,
                {"jagged": jagged, "low": None, "high": None, "width": 0 if jagged else 1}
                | {"nan": 0, "inf": 0},
            )
            row = [float(v) for v in (value if jagged else [value])]
            if jagged:
                spec["width"] = max(spec["width"], len(row))
            for number in row:
                if math.isnan(number):
                    spec["nan"] += 1
                elif math.isinf(number):
                    spec["inf"] += 1
                else:
                    spec["low"] = number if spec["low"] is None else min(spec["low"], number)
                    spec["high"] = number if spec["high"] is None else max(spec["high"], number)
    return found


def names(found: dict[str, dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Return the flat and the jagged branches in the order of columns."""
    flat = sorted(name for name, spec in found.items() if not spec["jagged"])
    jagged = sorted(name for name, spec in found.items() if spec["jagged"])
    return flat, jagged


def columns(found: dict[str, dict[str, Any]]) -> list[str]:
    """Return the names of the columns."""
    flat, jagged = names(found)
    return flat + [f"{name}_{i}" for name in jagged for i in range(found[name]["width"])]


def matrix(entries: list[Entry], found: dict[str, dict[str, Any]]) -> tuple[Any, Any]:
    """Return the ancestor's matrix with NaN made 0, and the mask that says where."""
    flat, jagged = names(found)
    rows = []
    for entry in entries:
        row = [normalised(entry[name], found[name]) for name in flat]
        for name in jagged:
            values = [normalised(value, found[name]) for value in entry[name]]
            width = found[name]["width"]
            row += (values + [math.nan] * width)[:width]
        rows.append(row)
    width = len(columns(found))
    with np.errstate(over="ignore"):  # what single precision cannot hold is masked
        x = np.array(rows, np.float64).astype(np.float32).reshape(len(entries), width)
    mask = ~np.isfinite(x)
    x[mask] = 0
    return x, mask.astype(np.uint8)


def normalised(value: Any, spec: dict[str, Any]) -> float:
    """Return one value as the network sees it."""
    low, high = spec["low"], spec["high"]
    number = float(value)
    if low is not None and low == high and abs(low) > 1000:
        return number * 0.0
    if low is None or low == high:
        with np.errstate(over="ignore"):
            return float(np.float32(number))
    if math.isinf(high - low):
        number, low, high = number / 4, low / 4, high / 4
    return (number - low) / (high - low)


def ancestor_chunks(
    events: list[int], chunk_size: int, nevts: int = -1
) -> list[list[tuple[int, int, int]]]:
    """Return (file, start, stop) of every chunk, as `next_mix_files` reads them.

    It is the ancestor's code told again, with its one loss mended: when a file ends, the rest
    of every file is read, also of those before it.
    """
    total = sum(events)
    if nevts == -1:
        count = list(events)
        share = [round(n / total * chunk_size) for n in count]
    else:
        count = [round(n / total * nevts) or 1 for n in events]
        share = [round(n / nevts * chunk_size) for n in count]
    read = [0] * len(count)
    chunks, cursor, last = [], 0, False
    while not last:
        last = any(n + done >= most for n, done, most in zip(share, read, count, strict=True))
        takes = [most - done for done, most in zip(read, count, strict=True)]
        if not last:
            takes = list(share)
            if share[-1] and (cursor + sum(share)) % chunk_size != 0:
                takes[-1] = chunk_size - sum(share[:-1])
        parts = enumerate(zip(read, takes, strict=True))
        chunks.append([(file, done, done + take) for file, (done, take) in parts if take])
        read = [done + take for done, take in zip(read, takes, strict=True)]
        cursor += sum(takes)
    return chunks


def entries_read(source: Any, path: Any, tree: str) -> int:
    """Read all branches of all entries, and return how many entries came."""
    info = source.describe(str(path), tree)
    names = [branch.name for branch in info.branches]
    survey = source.survey(str(path), tree, names)
    return sum(block.entries for block in source.read(survey, names, 0, info.entries))


def write_tree(path: Any, tree: str, branches: dict[str, Any], **options: Any) -> str:
    """Write a TTree and return its path; lists of lists become jagged branches."""
    compression = options.pop("compression", uproot.ZLIB(1))
    basket = options.pop("basket", None)
    arrays = {
        name: ak.Array(values) if isinstance(values, list) else values
        for name, values in branches.items()
    }
    entries = len(next(iter(arrays.values())))
    step = basket or max(entries, 1)
    with uproot.recreate(path, compression=compression) as file:
        types = {
            name: array.dtype if array_is_flat(array) else ak.type(array).content
            for name, array in arrays.items()
        }
        types = {
            name: np.dtype((array.dtype, array.shape[1:])) if array_is_flat(array) else types[name]
            for name, array in arrays.items()
        }
        file.mktree(tree, types)
        for start in range(0, entries, step):
            file[tree].extend({n: a[start : start + step] for n, a in arrays.items()})
    return str(path)


def array_is_flat(array: Any) -> bool:
    """Tell whether NumPy holds it."""
    return isinstance(array, np.ndarray)
