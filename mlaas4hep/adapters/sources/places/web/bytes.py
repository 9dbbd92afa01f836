"""The bytes of one version of a file on a web server."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from mlaas4hep.adapters.sources.places.bytes import REQUEST_BYTES, grouped
from mlaas4hep.adapters.sources.places.place import PendingBytes, Span, changed, shown
from mlaas4hep.adapters.sources.places.web.client import WebClient
from mlaas4hep.adapters.sources.places.web.response import Response
from mlaas4hep.errors import ServiceUnavailableError

GAP_BYTES = 16 * 1024  #: between two spans that are read along: cheaper than another question


class WebBytes:
    """Bytes of one version of a file; ranges are asked for side by side."""

    def __init__(
        self,
        client: WebClient,
        asking: ThreadPoolExecutor,
        url: str,
        size: int,
        version: tuple[str, str],
    ) -> None:
        self._client = client
        self._asking = asking
        self.url = url
        self.file_bytes = size
        self._version = version
        self.size_bytes = 0  #: asked for so far

    def ask(self, spans: Sequence[Span]) -> list[PendingBytes]:
        """Send questions for all spans, a few at a time; those that lie close go together."""
        answers: dict[Span, PendingBytes] = {}
        for (start, stop), parts in grouped(sorted(set(spans)), REQUEST_BYTES, GAP_BYTES):
            self.size_bytes += stop - start
            future = self._asking.submit(self._range, (start, stop))
            for low, high in parts:
                answers[low, high] = partial(_part, future, low - start, high - start)
        return [answers[span] for span in spans]

    def _range(self, span: Span) -> bytes:
        return self.checked(self._client.get(self.url, span), span)

    def checked(self, answer: Response, span: Span) -> bytes:
        """Return the bytes at a span, which an answer is to have.

        Raises:
            PermanentError: it is of another file, or of another version of it.
            InvalidRequestError: it has other bytes.
            ServiceUnavailableError: it has too few.
        """
        if answer.status != 206 or answer.total(span) != self.file_bytes:  # noqa: PLR2004
            raise changed(self.url)
        if answer.version != self._version:
            raise changed(self.url)
        if len(answer.data) != span[1] - span[0]:
            raise ServiceUnavailableError(f"{shown(answer.url)}: the server sends too few bytes")
        return answer.data


def _part(whole: "Future[bytes]", start: int, stop: int) -> memoryview:
    return memoryview(whole.result())[start:stop]
