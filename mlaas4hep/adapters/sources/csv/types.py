"""The types of CSV columns: inferred on samples of the whole file, and held from then on."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import csv

from mlaas4hep.adapters.sources.csv.head import Head

SAMPLES = 8  #: pieces of the file that are looked at
SAMPLE_BYTES = 256 * 1024  #: of the first piece; of others a quarter


def infer(samples: Iterable[bytes], head: Head) -> dict[str, Any]:
    """Return the Arrow type of each column that fits all samples, which are whole rows."""
    types: dict[str, Any] = dict.fromkeys(head.names, pa.null())
    for sample in samples:
        for field in parse(sample, head, None, head.names).schema:
            types[field.name] = _both(types[field.name], field.type)
    return {name: pa.float64() if pa.types.is_null(kind) else kind for name, kind in types.items()}


def _both(one: Any, other: Any) -> Any:
    """Return the type that holds the values of both; numbers and anything else make text."""
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    numbers = [pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in (one, other)]
    return pa.float64() if all(numbers) else pa.string()


def parse(piece: bytes, head: Head, types: dict[str, Any] | None, columns: Sequence[str]) -> Any:
    """Return some columns of whole rows as an Arrow table; ArrowInvalid if a value is wrong."""
    return csv.read_csv(
        io.BytesIO(piece),
        read_options=csv.ReadOptions(
            column_names=head.names, block_size=len(piece) + 1, use_threads=False
        ),
        parse_options=csv.ParseOptions(delimiter=head.separator, newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=types, include_columns=columns, strings_can_be_null=True
        ),
    )
