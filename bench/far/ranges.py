"""`python -m bench.far.ranges FOLDER [CERTIFICATE KEY]`: a web server that gives ranges, with TLS or not.

It is on loopback, answers each connection in a thread, and prints its port.
"""

import re
import ssl
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()


class Ranges(BaseHTTPRequestHandler):
    """Answers one range of one file of the folder."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d*)-(\d+)", self.headers.get("Range", ""))
        path = FOLDER / Path(self.path).name
        if asked is None or not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        size = path.stat().st_size
        first = asked[1] or max(0, size - int(asked[2]))  # of "-N", the last N bytes
        start, stop = int(first), min(int(asked[2]) + 1, size) if asked[1] else size
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.send_header("Content-Length", str(stop - start))
        self.send_header("ETag", f'"{size}"')
        self.end_headers()
        self.wfile.flush()
        with path.open("rb") as file:
            self.connection.sendfile(file, start, stop - start)  # with TLS, bit by bit

    def log_message(self, *_: object) -> None: ...


class Server(ThreadingHTTPServer):
    """Lets as many connections wait as a client makes at once; of five, the sixth is a second late."""

    request_queue_size = 128

    def __init__(self, certificate: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), Ranges)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if certificate else None
        if self.context is not None:
            self.context.load_cert_chain(*certificate)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection, in a thread of its own: also what TLS says first."""
        if self.context is not None:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)


if __name__ == "__main__":
    server = Server(sys.argv[2:])
    print(server.server_port, flush=True)
    server.serve_forever()
