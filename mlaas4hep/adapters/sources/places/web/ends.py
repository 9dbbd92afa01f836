"""The ends of files, asked for along with their first bytes: before anybody knows how large they are."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlsplit

from cachetools import TTLCache

from mlaas4hep.adapters.sources.places.place import LAST_BYTES, Span
from mlaas4hep.adapters.sources.places.web.bytes import WebBytes
from mlaas4hep.adapters.sources.places.web.client import WebClient
from mlaas4hep.adapters.sources.places.web.response import Response
from mlaas4hep.errors import MlaasError

LAST: Span = (-LAST_BYTES, 0)
SERVERS = 1000  #: that are remembered, because they did not know what "the last bytes" are
WITHOUT_S = 3600.0  #: for which they are asked for ends by place only


class FileEnds:
    """Asks servers for the last bytes of files; what does not come well is asked for later, by place."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._without: TTLCache[str, None] = TTLCache(SERVERS, WITHOUT_S)
        self._lock = threading.Lock()

    def ask(self, url: str, asking: ThreadPoolExecutor) -> "Future[Response] | None":
        """Ask once for the end of a file; None: its server gave something else, or nothing, lately."""
        with self._lock:
            if _server(url) in self._without:
                return None
        return asking.submit(self._client.get, url, LAST, once=True)

    def came(self, end: "Future[Response]", content: WebBytes, span: Span) -> bytes:
        """Return what came at a span that ends with the file; none if that is to be asked for."""
        start, size = max(0, content.file_bytes - LAST_BYTES), content.file_bytes
        try:
            return content.checked(end.result(), (start, size))[span[0] - start :]
        except MlaasError:
            with self._lock:
                self._without[_server(content.url)] = None
            return b""


def _server(url: str) -> str:
    return urlsplit(url).netloc
