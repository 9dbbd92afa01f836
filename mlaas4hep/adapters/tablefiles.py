"""Tables as files that others read, in every format that input files may have.

In ROOT files and HDF5, the table is called `scores`: a tree that is a friend of the input, a group.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from mlaas4hep.core.models.scoring import Format, Table

TREE = "scores"


class TableFiles:
    """`ports.TableWriter`; each library is imported when a table of its kind is written."""

    def write(self, kind: Format, path: Path, parts: Iterable[Table]) -> None:
        """Write the parts one after the other; the first says which columns there are."""
        _WRITERS[kind](path, parts)


def _parquet(path: Path, parts: Iterable[Table]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - see the class
    from pyarrow import parquet  # noqa: PLC0415

    writer = None
    try:
        for part in parts:
            batch = pa.table(dict(part))
            if writer is None:
                writer = parquet.ParquetWriter(path, batch.schema, compression="zstd")
            writer.write_table(batch)
    finally:
        if writer is not None:
            writer.close()


def _root(path: Path, parts: Iterable[Table]) -> None:
    import uproot  # noqa: PLC0415 - see the class

    with uproot.recreate(path) as file:
        tree = None
        for part in parts:
            if tree is None:
                tree = file.mktree(TREE, {name: values.dtype for name, values in part.items()})
            tree.extend(dict(part))


def _batches(parts: Iterable[Table]) -> Iterator[Any]:
    import pyarrow as pa  # noqa: PLC0415 - see the class

    return (pa.table(dict(part)) for part in parts)


def _first(parts: Iterator[Any]) -> tuple[Any, Iterator[Any]]:
    """Return the first of several parts, and all of them; there is always one."""
    first = next(parts)
    return first, chain([first], parts)


def _arrow(path: Path, parts: Iterable[Table]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - see the class

    first, batches = _first(_batches(parts))
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(str(path), first.schema, options=options) as file:
        for batch in batches:
            file.write_table(batch)


def _csv(path: Path, parts: Iterable[Table]) -> None:
    from pyarrow import csv  # noqa: PLC0415 - see the class

    first, batches = _first(_batches(parts))
    with csv.CSVWriter(path, first.schema) as file:
        for batch in batches:
            file.write_table(batch)


def _entries(part: Table) -> Iterator[dict[str, Any]]:
    names = list(part)
    for values in zip(*(column.tolist() for column in part.values()), strict=True):
        yield dict(zip(names, values, strict=True))


def _json_lines(path: Path, parts: Iterable[Table]) -> None:
    with path.open("wb") as file:
        for part in parts:
            for entry in _entries(part):  # what is not finite is null: JSON has no NaN
                file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))


_AVRO = {"b1": "boolean", "i4": "int", "i8": "long", "f4": "float", "f8": "double"}


def _avro(path: Path, parts: Iterable[Table]) -> None:
    import fastavro  # noqa: PLC0415 - see the class

    first, every = _first(iter(parts))
    fields = [
        {"name": name, "type": _AVRO.get(values.dtype.str[1:], "long")}
        for name, values in first.items()
    ]
    schema = fastavro.parse_schema({"type": "record", "name": TREE, "fields": fields})
    with path.open("wb") as file:
        entries = (entry for part in every for entry in _entries(part))
        fastavro.writer(file, schema, entries, codec="deflate")


def _hdf5(path: Path, parts: Iterable[Table]) -> None:
    import h5py  # noqa: PLC0415 - see the class

    with h5py.File(path, "w") as file:
        group = file.create_group(TREE)
        for part in parts:
            for name, values in part.items():
                if name not in group:
                    packing = {"chunks": (10_000,), "compression": "gzip", "shuffle": True}
                    group.create_dataset(name, (0,), values.dtype, maxshape=(None,), **packing)
                start = len(group[name])
                group[name].resize(start + len(values), axis=0)
                group[name][start:] = values


def _npz(path: Path, parts: Iterable[Table]) -> None:
    """Write each column into a file of its own first: the length of all comes before the values."""
    with ExitStack() as stack:
        columns: dict[str, tuple[Any, np.dtype[Any]]] = {}
        for part in parts:
            for name, values in part.items():
                if name not in columns:
                    columns[name] = stack.enter_context(tempfile.TemporaryFile()), values.dtype
                columns[name][0].write(values.tobytes())
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, (values, dtype) in columns.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    _write_npy(file, values, dtype)


def _write_npy(file: Any, values: Any, dtype: "np.dtype[Any]") -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": (values.tell() // dtype.itemsize,),
    }
    np.lib.format.write_array_header_1_0(file, header)
    values.seek(0)
    shutil.copyfileobj(values, file)


_WRITERS: Mapping[Format, Callable[[Path, Iterable[Table]], None]] = {
    "parquet": _parquet,
    "root": _root,
    "arrow": _arrow,
    "csv": _csv,
    "jsonl": _json_lines,
    "avro": _avro,
    "npz": _npz,
    "h5": _hdf5,
}
