"""Tables as files that others read: Parquet, and ROOT trees that are friends of the input."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from mlaas4hep.core.models.scoring import Format, Table

TREE = "scores"


class Tables:
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


_WRITERS: Mapping[Format, Callable[[Path, Iterable[Table]], None]] = {
    "parquet": _parquet,
    "root": _root,
}
