"""The head that a connection sent last, which mostly is that of its next request, too.

Who keeps a connection asks the same again and again: only the body is new, and its length. Such a
head is known by its bytes, so that the parser, which hands over each header in a call of its own,
need not see it again.
"""

import re
from typing import NamedTuple, Self

from mlaas4hep.faas.server.turn import Head

_MOST_BYTES = 8 * 1024  #: of a head that is remembered
_MOST_DIGITS = 9  #: of a length
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,%d})\r\n" % _MOST_DIGITS, re.IGNORECASE)
_FRAMES = frozenset((b"content-length", b"transfer-encoding"))
_END = b"\r\n\r\n"


class SameHead(NamedTuple):
    """A head whose body came whole with it."""

    before: bytes  #: what comes before the digits of Content-Length
    behind: bytes  #: and behind them, with the empty line
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
        if len(framing) != 1 or length > _MOST_BYTES:
            return None
        text = read[:length]
        announced = _LENGTH.search(text)
        is_one = text.find(_END) == length - len(_END)  # and not another request before it
        if announced is None or int(announced[1]) != len(body) or not is_one:
            return None
        return cls(text[: announced.start(1)], text[announced.end(1) :], head)

    def place(self, read: bytes) -> tuple[int, int] | None:
        """Return where the body begins and ends in what was read, or will when all of it is there.

        None: what was read does not begin with this head.
        """
        before, behind, _ = self
        if not read.startswith(before):
            return None
        at = len(before)
        end = read.find(b"\r", at, at + _MOST_DIGITS + 1)
        digits = read[at:end]
        if not read.startswith(behind, end) or not digits.isdigit():
            return None
        begin = end + len(behind)
        return begin, begin + int(digits)
