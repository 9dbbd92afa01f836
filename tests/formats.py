"""Files of every format that is read, written as people's tools write them."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import fastavro
import h5py
import numpy as np
import pyarrow as pa
import uproot
from pyarrow import parquet

Arrays = dict[str, Any]  #: NumPy arrays, or awkward's for rows


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One way to write a file."""

    name: str  #: of the test
    format: str  #: in the table FORMATS
    suffix: str
    write: Callable[[Path, Arrays], None]
    rows: bool = True  #: it can hold rows of different lengths
    keeps_types: bool = True  #: else whole numbers have 64 bits, and others are doubles
    is_marked: bool = True  #: its first bytes tell what it is
    reads_parts: bool = True  #: only the wanted columns are read


def _root(path: Path, arrays: Arrays) -> None:
    with uproot.recreate(path) as file:
        file.mktree("Events", {name: _root_type(values) for name, values in arrays.items()})
        for start in range(0, len(next(iter(arrays.values()))), 1000):
            file["Events"].extend({name: v[start : start + 1000] for name, v in arrays.items()})


def _root_type(values: Any) -> str:
    return values.dtype if isinstance(values, np.ndarray) else str(values.type).split(" * ", 1)[1]


def _rntuple(path: Path, arrays: Arrays) -> None:
    with uproot.recreate(path) as file:
        file.mkrntuple("Events", arrays)


def _table(arrays: Arrays) -> Any:
    return pa.table(
        {
            name: values
            if isinstance(values, np.ndarray)
            else ak.to_arrow(values, extensionarray=False)
            for name, values in arrays.items()
        }
    )


def _parquet(path: Path, arrays: Arrays) -> None:
    parquet.write_table(_table(arrays), path, row_group_size=700)


def _arrow(path: Path, arrays: Arrays) -> None:
    table = _table(arrays)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(path, table.schema, options=options) as file:
        file.write_table(table, max_chunksize=800)


def _arrow_stream(path: Path, arrays: Arrays) -> None:
    table = _table(arrays)
    with pa.ipc.new_stream(path, table.schema) as file:
        file.write_table(table, max_chunksize=800)


def _entries(arrays: Arrays) -> list[dict[str, Any]]:
    names = list(arrays)
    lists = [values.tolist() for values in arrays.values()]
    return [dict(zip(names, entry, strict=True)) for entry in zip(*lists, strict=True)]


def _csv(path: Path, arrays: Arrays) -> None:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, arrays)
        table.writeheader()
        for entry in _entries(arrays):
            table.writerow(
                {k: str(v).lower() if v in (True, False) else v for k, v in entry.items()}
            )


def _packed(write: Callable[[Path, Arrays], None], codec: str) -> Callable[[Path, Arrays], None]:
    def packed(path: Path, arrays: Arrays) -> None:
        write(path, arrays)
        data = path.read_bytes()
        with pa.CompressedOutputStream(pa.OSFile(str(path), "w"), codec) as file:
            file.write(data)

    return packed


def _json_lines(path: Path, arrays: Arrays) -> None:
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in _entries(arrays)))


def _json_array(path: Path, arrays: Arrays) -> None:
    path.write_text(json.dumps(_entries(arrays), indent=1))


_AVRO = {"b": "boolean", "i": "long", "u": "long", "f": "double"}


def _avro(path: Path, arrays: Arrays) -> None:
    fields = []
    for name, values in arrays.items():
        flat = values if isinstance(values, np.ndarray) else ak.flatten(values).to_numpy()
        kind: Any = _AVRO[flat.dtype.kind]
        items = {"type": "array", "items": kind}
        fields.append({"name": name, "type": kind if flat is values else items})
    schema = {"type": "record", "name": "entry", "fields": fields}
    with path.open("wb") as file:
        fastavro.writer(file, schema, _entries(arrays), codec="deflate", sync_interval=4000)


def _npz_arrays(arrays: Arrays) -> Arrays:
    found: Arrays = {}
    for name, values in arrays.items():
        if isinstance(values, np.ndarray):
            found[name] = values
        else:
            found[name] = ak.flatten(values).to_numpy()
            found[f"{name}_offsets"] = np.cumsum([0, *ak.num(values).to_list()])
    return found


def _npz(path: Path, arrays: Arrays) -> None:
    np.savez(path, **_npz_arrays(arrays))


def _npz_packed(path: Path, arrays: Arrays) -> None:
    np.savez_compressed(path, **_npz_arrays(arrays))


def _npy(path: Path, arrays: Arrays) -> None:
    records = np.empty(len(next(iter(arrays.values()))), [(k, v.dtype) for k, v in arrays.items()])
    for name, values in arrays.items():
        records[name] = values
    np.save(path, records)


def _packing(values: Any) -> dict[str, Any]:
    chunks = (min(500, len(values)),)
    return {"chunks": chunks, "compression": "gzip"} if len(values) else {}


def _hdf5(path: Path, arrays: Arrays) -> None:
    with h5py.File(path, "w") as file:
        group = file.create_group("Events")
        for name, values in arrays.items():
            if isinstance(values, np.ndarray):
                group.create_dataset(name, data=values, **_packing(values))
            else:
                rows = [np.asarray(row) for row in values]
                kind = h5py.vlen_dtype(rows[0].dtype if rows else float)
                group.create_dataset(name, (len(rows),), kind)
                for place, row in enumerate(rows):
                    group[name][place] = row


def _hdf5_table(path: Path, arrays: Arrays) -> None:
    records = np.empty(len(next(iter(arrays.values()))), [(k, v.dtype) for k, v in arrays.items()])
    for name, values in arrays.items():
        records[name] = values
    with h5py.File(path, "w") as file:
        file.create_dataset("Events", data=records, **_packing(records))


_TEXT = {"is_marked": False, "keeps_types": False, "reads_parts": False}
SAMPLES = [
    Sample(name="ttree", format="ROOT", suffix=".root", write=_root),
    Sample(name="rntuple", format="ROOT", suffix=".root", write=_rntuple),
    Sample(name="parquet", format="Parquet", suffix=".parquet", write=_parquet),
    Sample(name="arrow", format="Arrow", suffix=".arrow", write=_arrow),
    Sample(
        name="arrow stream",
        format="Arrow",
        suffix=".arrows",
        write=_arrow_stream,
        reads_parts=False,
    ),
    Sample(name="csv", format="CSV", suffix=".csv", write=_csv, rows=False, **_TEXT),
    Sample(
        name="csv.gz",
        format="CSV",
        suffix=".csv.gz",
        write=_packed(_csv, "gzip"),
        rows=False,
        **_TEXT,
    ),
    Sample(
        name="csv.zst",
        format="CSV",
        suffix=".csv.zst",
        write=_packed(_csv, "zstd"),
        rows=False,
        **_TEXT,
    ),
    Sample(name="json lines", format="JSON", suffix=".jsonl", write=_json_lines, **_TEXT),
    Sample(name="json array", format="JSON", suffix=".json", write=_json_array, **_TEXT),
    Sample(
        name="avro",
        format="Avro",
        suffix=".avro",
        write=_avro,
        keeps_types=False,
        reads_parts=False,
    ),
    Sample(name="npz", format="NumPy", suffix=".npz", write=_npz),
    Sample(name="packed npz", format="NumPy", suffix=".npz", write=_npz_packed, reads_parts=False),
    Sample(name="npy", format="NumPy", suffix=".npy", write=_npy, rows=False, reads_parts=False),
    Sample(name="hdf5", format="HDF5", suffix=".h5", write=_hdf5),
    Sample(
        name="hdf5 table",
        format="HDF5",
        suffix=".h5",
        write=_hdf5_table,
        rows=False,
        reads_parts=False,
    ),
]


def arrays(entries: int, *, rows: bool = True) -> Arrays:
    """Return arrays of every kind."""
    rng = np.random.default_rng(entries)
    counts = rng.poisson(2, entries)
    found: Arrays = {
        "x": rng.normal(size=entries),
        "f": rng.normal(size=entries).astype(np.float32),
        "i": rng.integers(-(2**31), 2**31, entries).astype(np.int32),
        "b": rng.normal(size=entries) > 0,
    }
    if rows:
        total = int(counts.sum())
        found["J"] = ak.unflatten(rng.normal(size=total).astype(np.float32), counts)
        found["K"] = ak.unflatten(rng.integers(0, 9, total), counts)
    return found
