"""The types of CSV columns: inferred on samples of the whole file, and held from then on."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import compute, csv

from mlaas4hep.adapters.sources.csv.head import Head
from mlaas4hep.core.data.values.written import (
    are_numbers,
    have_decimal_commas,
    means_nothing,
)

SAMPLES = 8  #: pieces of the file that are looked at
SAMPLE_BYTES = 256 * 1024  #: of the first piece; of others a quarter
_LARGE = re.compile(rb"(?<![\d.])\d{19}")  #: perhaps a whole number above 2^63
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)  #: a number that is read
_WHOLE = re.compile(r"[+-]?\d{1,40}")
MOST_WORDS = 0.2  #: share of words among the different values of a column that was meant as numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Types:
    """What the columns of a file are."""

    kinds: dict[str, Any]  #: Arrow's types
    odd: tuple[tuple[str, str], ...] = ()  #: columns to leave out, each with the reason
    words: tuple[tuple[str, str], ...] = ()  #: columns of numbers to leave out, each with a word
    decimal: str = "."  #: what stands before the digits behind the point


def infer(samples: Sequence[bytes], head: Head) -> Types:
    """Return the type of each column that fits all samples, which are whole rows."""
    sample = b"\n".join(samples)  # empty lines do not count
    if not sample.strip():  # a file without entries
        return Types(kinds=dict.fromkeys(head.names, pa.float64()))
    kinds, wide = _whole_numbers(sample, head, _kinds(sample, head, "."))
    texts = {name for name, kind in kinds.items() if pa.types.is_string(kind)}
    if not texts:
        return Types(kinds=kinds, odd=wide)
    seen = _texts(sample, head, sorted(texts))
    if head.separator != "," and any(map(have_decimal_commas, seen.values())):
        other, wide_too = _whole_numbers(sample, head, _kinds(sample, head, ","))
        if {name for name, kind in other.items() if pa.types.is_string(kind)} < texts:
            left = {name: seen[name] for name in seen if pa.types.is_string(other[name])}
            return Types(kinds=other, odd=(*_odd(left), *wide_too), words=_words(left), decimal=",")
    return Types(kinds=kinds, odd=(*_odd(seen), *wide), words=_words(seen))


def _whole_numbers(
    sample: bytes, head: Head, kinds: dict[str, Any]
) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
    """Return kinds in which large whole numbers keep all digits, and columns where they cannot."""
    decimal = [name for name, kind in kinds.items() if pa.types.is_floating(kind)]
    if not decimal or not _LARGE.search(sample):
        return kinds, ()
    seen = {name: found for name, found in _texts(sample, head, decimal).items() if found}
    whole = {name: [int(each) for each in f] for name, f in seen.items() if all(map(_is_whole, f))}
    large = {name: found for name, found in whole.items() if max(found) >= 2**63}
    fitting = {name for name, f in large.items() if min(f) >= 0 and max(f) < 2**64}
    odd = (
        (name, f"whole numbers that 64 bits do not hold: {max(found)}")
        for name, found in large.items()
        if name not in fitting
    )
    return kinds | dict.fromkeys(fitting, pa.uint64()), tuple(odd)


def _is_whole(text: str) -> bool:
    return _WHOLE.fullmatch(text) is not None


def _odd(texts: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Yield the columns of text of which all are numbers to people."""
    for name, found in texts.items():
        if are_numbers(found):
            odd = next((text for text in found if not _PLAIN.fullmatch(text)), found[0])
            yield name, f"text that looks like numbers: {odd[:40]!r}; 1.5 or 1.5e3 is read"


def _words(texts: dict[str, list[str]]) -> tuple[tuple[str, str], ...]:
    """Return the columns of text of which nearly all are numbers to people."""
    found = ((name, _word_among_numbers(each)) for name, each in texts.items())
    return tuple((name, word) for name, word in found if word)


def _word_among_numbers(texts: Sequence[str]) -> str:
    """Return the first word among texts of which the others were meant as numbers; "" if none."""
    words = [text for text in texts if text.strip() and not are_numbers([text])]
    few = len(words) <= MOST_WORDS * len(texts)
    holes = len(words) < len(texts) and all(map(means_nothing, words))
    return words[0] if words and (few or holes) else ""


def _texts(sample: bytes, head: Head, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the different texts of columns in the sample."""
    table = parse(sample, head, dict.fromkeys(names, pa.string()), names)
    return {name: sorted(filter(None, table[name].unique().to_pylist())) for name in names}


def _kinds(sample: bytes, head: Head, decimal: str) -> dict[str, Any]:
    schema = parse(sample, head, None, head.names, decimal).schema
    return {
        field.name: pa.float64() if pa.types.is_null(field.type) else field.type for field in schema
    }


def parse(
    piece: bytes,
    head: Head,
    types: dict[str, Any] | None,
    columns: Sequence[str],
    decimal: str = ".",
) -> Any:
    """Return some columns of whole rows as an Arrow table; ArrowInvalid if a value is wrong.

    Spaces around a text do not count, as around a name.
    """
    table = csv.read_csv(
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
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            texts = compute.utf8_trim_whitespace(table.column(place))
            table = table.set_column(place, field, texts)
    return table
