"""The bytes of an answer that is written at once."""

from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from mlaas4hep.faas.server.turn import Header, PromptAnswer

_HEAD = b"%b%bcontent-type: %b\r\ncontent-length: %d\r\n%b\r\n%b"


class PromptBytes:
    """Writes answers out, with what all of a server's have in common."""

    def __init__(self) -> None:
        self._headers: list[Header] = []
        self._text = b""

    def of(self, answer: PromptAnswer, common: list[Header]) -> bytes:
        """Return an answer as it is sent.

        Args:
            answer: with its own headers.
            common: headers of all answers; another list when they are others.
        """
        if common is not self._headers:  # uvicorn makes a new one when the date changes
            self._headers, self._text = common, _lines(common)
        own = _lines(answer.headers) if answer.headers else b""
        status, body = STATUS_LINE[answer.status], answer.body
        return _HEAD % (status, self._text, answer.content_type, len(body), own, body)


def _lines(headers: Iterable[Header]) -> bytes:
    return b"".join([b"%b: %b\r\n" % each for each in headers])
