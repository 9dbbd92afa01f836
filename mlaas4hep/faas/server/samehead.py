"""The head that a connection sent last, which mostly is that of its next request, too.

Who keeps a connection asks the same again and again: only the body is new, its length, and what
gateways number or time a call with. Such a head is known by its bytes, so that the parser, which
hands over each header in a call of its own, need not see it again.
"""

import re
from typing import NamedTuple, Self

from mlaas4hep.faas.server.turn import Head

_MOST_BYTES = 8 * 1024  #: of a head that is remembered
_MOST_DIGITS = 9  #: of a length
_LENGTH, _CODING = b"content-length", b"transfer-encoding"
#: what proxies say of each call; whoever answers at once reads none of it
_OF_THE_CALL = (b"x-call-id", b"x-start-time", b"x-request-id", b"x-forwarded-for")
_CHANGES = re.compile(
    rb"\r\n(%b):[ \t]*([ -~]{1,200})(?=\r\n)" % b"|".join((_LENGTH, *_OF_THE_CALL)), re.IGNORECASE
)
_VALUE = re.compile(rb"[ -~]{1,200}(?=\r)")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,6})\r\n")
_END, _LAST_CHUNK = b"\r\n\r\n", b"\r\n0\r\n\r\n"


class Place(NamedTuple):
    """Where a body is in what was read, or will be when all of it is there."""

    begin: int
    end: int
    whole: int  #: how long the request is


class SameHead(NamedTuple):
    """A head whose body came whole with it: with its length, or as one chunk, as of-watchdog sends it."""

    before: bytes  #: what comes before the first value that changes
    behind: tuple[bytes, ...]  #: and behind each; the last one ends with the empty line
    length_at: int | None  #: which of these values is Content-Length; None: the body is a chunk
    head: Head

    @classmethod
    def of(cls, head: Head, read: bytes, body: bytes) -> Self | None:
        """Return the head of a request that was read at once; None: it is not worth remembering.

        Args:
            head: as the parser understood it.
            read: everything that was read, from the first byte of the request.
            body: of the request.
        """
        framing = [each for each in head.headers if each[0] in (_LENGTH, _CODING)]
        length = read.find(_END) + len(_END)
        if len(framing) != 1 or length > _MOST_BYTES:
            return None
        changes = list(_CHANGES.finditer(read, 0, length))
        names = [each[1].lower() for each in changes]
        is_chunked = framing[0] == (_CODING, b"chunked")
        if not is_chunked and _LENGTH not in names:
            return None
        starts = [*(each.start(2) for each in changes), length]
        ends = [0, *(each.end(2) for each in changes)]
        before, *behind = (read[end:start] for end, start in zip(ends, starts, strict=True))
        length_at = None if is_chunked else names.index(_LENGTH)
        same = cls(before, tuple(behind), length_at, head)
        place = same.place(read)
        if place is None or place.whole != len(read):  # there is another request before it
            return None
        return same if read[place.begin : place.end] == body else None

    def place(self, read: bytes) -> Place | None:
        """Return where the body is in what was read.

        None: what was read does not begin with this head, or what follows is not just a body.
        """
        before, behind, length_at, _ = self
        if not read.startswith(before):
            return None
        at, digits = len(before), b""
        for number, text in enumerate(behind):
            value = _VALUE.match(read, at)
            if value is None or not read.startswith(text, value.end()):
                return None
            if number == length_at:
                digits = value[0]
            at = value.end() + len(text)
        if length_at is None:
            return _chunk(read, at)
        if not digits.isdigit() or len(digits) > _MOST_DIGITS:
            return None
        end = at + int(digits)
        return Place(at, end, end)


def _chunk(read: bytes, at: int) -> Place | None:
    """Return where the body is that comes as one chunk; None: it does not."""
    size = _CHUNK.match(read, at)
    if size is None:
        return None
    begin = size.end()
    end = begin + int(size[1], 16)
    is_last = begin < end and _LAST_CHUNK.startswith(read[end : end + len(_LAST_CHUNK)])
    return Place(begin, end, end + len(_LAST_CHUNK)) if is_last else None
