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
_LENGTH = b"content-length"
#: what proxies say of each call; whoever answers at once reads none of it
_OF_THE_CALL = (b"x-call-id", b"x-start-time", b"x-request-id", b"x-forwarded-for")
_CHANGES = re.compile(
    rb"\r\n(%b):[ \t]*([ -~]{1,200})(?=\r\n)" % b"|".join((_LENGTH, *_OF_THE_CALL)), re.IGNORECASE
)
_VALUE = re.compile(rb"[ -~]{1,200}(?=\r)")
_FRAMES = frozenset((_LENGTH, b"transfer-encoding"))
_END = b"\r\n\r\n"


class SameHead(NamedTuple):
    """A head whose body came whole with it."""

    before: bytes  #: what comes before the first value that changes
    behind: tuple[bytes, ...]  #: and behind each; the last one ends with the empty line
    length_at: int  #: which of these values is Content-Length
    head: Head

    @classmethod
    def of(cls, head: Head, read: bytes, body: bytes) -> Self | None:
        """Return the head of a request that was read at once; None: it is not worth remembering.

        Args:
            head: as the parser understood it.
            read: everything that was read, from the first byte of the request.
            body: of the request.
        """
        length = len(read) - len(body)
        framing = [name for name, _ in head.headers if name in _FRAMES]
        if framing != [_LENGTH] or length > _MOST_BYTES:
            return None
        text = read[:length]
        if text.find(_END) != length - len(_END):  # another request before it
            return None
        changes = list(_CHANGES.finditer(text))
        names = [each[1].lower() for each in changes]
        length_at = names.index(_LENGTH) if _LENGTH in names else -1
        if length_at < 0 or changes[length_at][2] != b"%d" % len(body):
            return None
        ends = [0, *(each.end(2) for each in changes)]
        before, *behind = (
            text[end:start]
            for end, start in zip(ends, [*(each.start(2) for each in changes), length], strict=True)
        )
        return cls(before, tuple(behind), length_at, head)

    def place(self, read: bytes) -> tuple[int, int] | None:
        """Return where the body begins and ends in what was read, or will when all of it is there.

        None: what was read does not begin with this head.
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
        if not digits.isdigit() or len(digits) > _MOST_DIGITS:
            return None
        return at, at + int(digits)
