"""The types of CSV columns: inferred on samples of the whole file, and held from then on."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import csv

from mlaas4hep.adapters.sources.csv.head import Head
from mlaas4hep.core.data.values.written import are_numbers, have_decimal_commas

SAMPLES = 8  #: pieces of the file that are looked at
SAMPLE_BYTES = 256 * 1024  #: of the first piece; of others a quarter


@dataclass(frozen=True, slots=True, kw_only=True)
class Types:
    """What the columns of a file are."""

    kinds: dict[str, Any]  #: Arrow's types
    odd: tuple[tuple[str, str], ...] = ()  #: columns to leave out, each with the reason
    decimal: str = "."  #: what stands before the digits behind the point


def infer(samples: Sequence[bytes], head: Head) -> Types:
    """Return the type of each column that fits all samples, which are whole rows."""
    kinds = _kinds(samples, head, ".")
    texts = {name for name, kind in kinds.items() if pa.types.is_string(kind)}
    if not texts:
        return Types(kinds=kinds)
    seen = _texts(samples, head, sorted(texts))
    if head.separator != "," and any(map(have_decimal_commas, seen.values())):
        other = _kinds(samples, head, ",")
        if {name for name, kind in other.items() if pa.types.is_string(kind)} < texts:
            left = {name: seen[name] for name in seen if pa.types.is_string(other[name])}
            return Types(kinds=other, odd=_odd(left), decimal=",")
    return Types(kinds=kinds, odd=_odd(seen))


def _odd(texts: dict[str, list[str]]) -> tuple[tuple[str, str], ...]:
    """Return the columns of text that are numbers to people."""
    return tuple(
        (name, f"text that looks like numbers: {found[0][:40]!r}; 1.5 or 1.5e3 is read")
        for name, found in texts.items()
        if are_numbers(found)
    )


def _texts(samples: Sequence[bytes], head: Head, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the different texts of columns in the samples."""
    types = dict.fromkeys(names, pa.string())
    found: dict[str, set[str]] = {name: set() for name in names}
    for sample in samples:
        table = parse(sample, head, types, names)
        for name in names:
            found[name].update(filter(None, table[name].unique().to_pylist()))
    return {name: sorted(texts) for name, texts in found.items()}


def _kinds(samples: Sequence[bytes], head: Head, decimal: str) -> dict[str, Any]:
    types: dict[str, Any] = dict.fromkeys(head.names, pa.null())
    for sample in samples:
        for field in parse(sample, head, None, head.names, decimal).schema:
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


def parse(
    piece: bytes,
    head: Head,
    types: dict[str, Any] | None,
    columns: Sequence[str],
    decimal: str = ".",
) -> Any:
    """Return some columns of whole rows as an Arrow table; ArrowInvalid if a value is wrong."""
    return csv.read_csv(
        io.BytesIO(piece),
        read_options=csv.ReadOptions(
            column_names=head.names, block_size=len(piece) + 1, use_threads=False
        ),
        parse_options=csv.ParseOptions(delimiter=head.separator, newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=types,
            include_columns=columns,
            strings_can_be_null=True,
            decimal_point=decimal,
        ),
    )
