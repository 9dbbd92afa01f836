"""`python -m bench.far.ranges FOLDER`: a web server on loopback that gives ranges; prints its port."""

import re
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()


class Ranges(BaseHTTPRequestHandler):
    """Answers one range of one file of the folder."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        path = FOLDER / Path(self.path).name
        if asked is None or not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        size = path.stat().st_size
        start, stop = int(asked[1]), min(int(asked[2]) + 1, size)
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.send_header("Content-Length", str(stop - start))
        self.send_header("ETag", f'"{size}"')
        self.end_headers()
        self.wfile.flush()
        with path.open("rb") as file:
            self.connection.sendfile(file, start, stop - start)

    def log_message(self, *_: object) -> None: ...


class Server(ThreadingHTTPServer):
    """Lets as many connections wait as a client makes at once; of five, the sixth is a second late."""

    request_queue_size = 128


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Ranges)
    print(server.server_port, flush=True)
    server.serve_forever()
