"""Requests for one row of which only the numbers are new: what stands around them was read before.

Who asks for row after row sends the same text each time, with other numbers in one list. What such a
text asks is remembered, so that only the list is read. JSON allows it: any list may stand where one
stood, and what is around it means the same.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from mlaas4hep.http.predict.asking import Asking, Dialect
from mlaas4hep.http.predict.call import Call
from mlaas4hep.http.predict.inference.exact import is_plain
from mlaas4hep.http.predict.inference.tensors import Row
from mlaas4hep.http.predict.rows import Rows

_MOST_BYTES = 16 * 1024  #: of a body that is looked at
_MOST = 256  #: texts that are remembered; then all are forgotten, and those in use come again
_OF_MANY = (b"],", b"], ")  #: ends what comes before the last of several rows


class _Frame(NamedTuple):
    """A body without the last list in it, sent to be read in a dialect."""

    dialect: Dialect
    path: str
    before: bytes
    behind: bytes


class _Known(NamedTuple):
    """What is asked in a frame, about the row that it was read with."""

    asking: Asking
    question: Row | Rows


class RowFrames:
    """What the texts around single rows ask."""

    def __init__(self) -> None:
        self._known: dict[_Frame, _Known | None] = {}  #: None: it came once

    def read(self, dialect: Dialect, call: Call) -> Asking:
        """Return what `dialect` returns for a call whose body is nothing but JSON."""
        body = call.body or b""
        begin = body.rfind(b"[")
        end = body.find(b"]", begin) + 1
        if begin < 0 or not end or len(body) > _MOST_BYTES:
            return dialect(call)
        frame = _Frame(dialect, call.path, body[:begin], body[end:])
        known = self._known.get(frame)
        if known is not None:
            asking, question = known
            values = _values(body[begin:end])
            if values is not None and len(values) == len(question.values):
                other = question.about(values)
                if other is not None:
                    return Asking(asking.model, other, asking.to_answer, asking.signature)
        asking = dialect(call)
        if known is None and not frame.before.endswith(_OF_MANY):
            self._learn(frame, call, asking, body[begin:end])
        return asking

    def _learn(self, frame: _Frame, call: Call, asking: Asking, row: bytes) -> None:
        """Remember a frame that comes for the second time."""
        if frame in self._known:
            self._known[frame] = _known(frame, call, asking, row)
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[frame] = None


def _known(frame: _Frame, call: Call, asking: Asking, row: bytes) -> _Known | None:
    """Return what is asked in a frame; None: its list is not just the row that is asked about.

    Other numbers in its place must be the row, too: then it is a list, and not in a text.
    """
    question = asking.question
    if not isinstance(question, Row | Rows) or question.kind is None:
        return None
    values = _values(row)
    if not is_plain(values) or question.values != values:
        return None
    others = [0] * len(values) if any(values) else [1] * len(values)
    body = frame.before + orjson.dumps(others) + frame.behind
    other = frame.dialect(replace(call, body=body, parsed=None)).question
    is_row = isinstance(other, Row | Rows) and other.values == others
    return _Known(asking, question) if is_row else None


def _values(text: bytes) -> Any:
    """Return the list that a text says; None: it says none, or null, true or false may be in it."""
    if b"u" in text or b"l" in text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
