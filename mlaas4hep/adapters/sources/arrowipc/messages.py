"""What an Arrow file says about itself, read before pyarrow believes it: footer, schema, batches."""

from dataclasses import dataclass
from typing import NamedTuple

from mlaas4hep.adapters.sources.arrowipc.flatbuffer import FlatTable

MARK = b"ARROW1"  #: of a file, at both ends
_NEW = b"\xff\xff\xff\xff"  #: before the size of a message, since Arrow 0.15
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3  #: kinds of messages
_FIELD_BYTES = 16  #: that a field takes at least, of which a schema may hold no more
_PACKED_BEFORE = b"ARROW:experimental_compression"  #: says so in files of Arrow 0.17
MAX_DEPTH = 64  #: of fields in fields


class Block(NamedTuple):
    """Where the footer says that a message lies."""

    start: int
    head_bytes: int
    body_bytes: int

    @property
    def stop(self) -> int:
        """Return where it ends."""
        return self.start + self.head_bytes + self.body_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """The messages of a file."""

    dictionaries: tuple[Block, ...] = ()
    batches: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The head of a message."""

    body_bytes: int
    is_batch: bool = False  #: its body holds entries
    entries: int = 0
    buffers: tuple[tuple[int, int], ...] = ()  #: where each begins in the body, and its bytes there
    is_packed: bool = False  #: each buffer begins with how many bytes it inflates to


def footer(data: bytes, size_bytes: int) -> Footer:
    """Return what a footer says; ValueError: no file is so.

    Args:
        data: the footer, without its length and mark.
        size_bytes: of the file.
    """
    found = FlatTable.root(data)
    _check_schema(found.table(1))
    dictionaries, batches = (
        tuple(Block(*each) for each in found.records(field, "<qi4xq")) for field in (2, 3)
    )
    at = len(MARK)
    for each in sorted((*dictionaries, *batches)):
        if min(each) < 0 or each.start < at or each.stop > size_bytes:
            raise ValueError("its batches lie over each other, or outside of it")
        at = each.stop
    return Footer(dictionaries=dictionaries, batches=batches)


def head_bytes(first: bytes) -> tuple[int, int]:
    """Return how many of the eight bytes with which a message begins are before its head, and its size."""
    before = len(_NEW) if first.startswith(_NEW) else 0
    return before + 4, int.from_bytes(first[before : before + 4], "little", signed=True)


def message(data: bytes) -> Message:
    """Return what the head of a message says; ValueError: no message is so."""
    found = FlatTable.root(data)
    kind, header = found.number(1, "<B"), found.table(2)
    body_bytes = found.number(3, "<q")
    if body_bytes < 0 or header is None:
        raise ValueError("a message says nothing")
    if kind == _SCHEMA:
        _check_schema(header)
    batch = header.table(1) if kind == _DICTIONARY else header
    if kind not in {_DICTIONARY, _BATCH} or batch is None:
        return Message(body_bytes=body_bytes)
    entries, buffers = batch.number(0, "<q"), batch.records(2, "<qq")
    if entries < 0 or any(min(each) < 0 or sum(each) > body_bytes for each in buffers):
        raise ValueError("a batch is not as its message says")
    before = any(each.text(0) == _PACKED_BEFORE for each in found.tables(4))
    return Message(
        body_bytes=body_bytes,
        is_batch=kind == _BATCH,
        entries=entries,
        buffers=tuple((start, size) for start, size in buffers),
        is_packed=before or batch.table(3) is not None,
    )


def _check_schema(schema: FlatTable | None) -> None:
    """Refuse one whose fields show the same bytes again and again."""
    if schema is None:
        raise ValueError("it has no schema")
    left = len(schema.data) // _FIELD_BYTES
    ahead = [(iter(schema.tables(1)), 1)]
    while ahead:
        fields, depth = ahead[-1]
        field = next(fields, None)
        if field is None:
            ahead.pop()
            continue
        left -= 1
        if left < 0 or depth > MAX_DEPTH:
            raise ValueError("its schema has more fields than bytes for them, or deeper ones")
        ahead.append((iter(field.tables(5)), depth + 1))
