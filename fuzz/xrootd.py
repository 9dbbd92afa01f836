"""Answers of an XRootD server: one is changed, and the others are as they should be.

The process in which XRootD's client works may end by it; the one that reads may not.
"""

import struct
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from fuzz.target import Read, Target
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.xrootd.connection import Allowance
from mlaas4hep.adapters.sources.places.xrootd.place import XRootDPlaces
from tests.adapters.sources.places import xrootdserver as server

_SMALL = Allowance(memory_bytes=256 * 1024**2, answer_s=1, silence_s=1.0)
_KINDS = (server.STAT, server.OPEN, server.QUERY, server.VECTOR, server.FOLDER)
_BODIES = {
    server.STAT: b"1 1000 48 1700000000\0",
    server.OPEN: bytes(12) + b"1 1000 48 1700000000\0",
    server.QUERY: b"1024\n2097136\n\0",
    server.VECTOR: bytes(4) + struct.pack(">IQ", 10, 0) + bytes(10),
    server.FOLDER: b"a.root\nb.root\0",
}
_WORDS = (
    *(struct.pack(">H", status) for status in (4000, 4001, 4003, 4004, 4005, 4006, 4007)),
    *(struct.pack(">I", size) for size in (0, 2**31 - 1, 2**32 - 1)),
    *(b"\0", b"\n", b" -1 ", b"99999999999999999999", struct.pack(">I", 1094) + b"localhost"),
)


def _answers(_folder: Path) -> Sequence[bytes]:
    """Return the number of a kind, and the good answer to such a question."""
    return [
        bytes([number]) + struct.pack(">HI", server.OK, len(_BODIES[kind])) + _BODIES[kind]
        for number, kind in enumerate(_KINDS)
    ]


def _reader(_folder: Path) -> Read:
    acts: dict[int, server.Act] = {}
    kept = ExitStack()
    prefix = kept.enter_context(server.hostile(acts))
    places = XRootDPlaces(ServerPolicy(), _SMALL)

    def read(data: bytes, _kept: ExitStack = kept) -> object:
        kind, said = _KINDS[data[0] % len(_KINDS)] if data else server.STAT, data[1:]
        acts.clear()
        acts[kind] = lambda line, stream, _body: line.sock.sendall(stream + said)
        if kind == server.FOLDER:
            return places.find(f"{prefix}//d/*.root")
        with ExitStack() as stack:
            (answer,) = places.locate(f"{prefix}//a.root").open(stack).ask([(0, 10)])
            return len(answer())

    return read


TARGETS = (Target(name="xrootd answer", make=_reader, seeds=_answers, words=_WORDS, share=2),)
