"""A web server that does what servers should not, each at a path of its own."""

import http.server
from collections.abc import Callable

DATA = bytes(range(256)) * 400


SECRET = "SECRET-INSIDE"


class Server:
    """What the next answers of a server are; a path answers as the function of its name says."""

    def __init__(self):
        self.asked = []
        self.sent_bytes = 0
        self.left = {}

    def handler(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.asked.append((self.path, self.headers.get("Range")))
                _PATHS[self.path.partition("?")[0].strip("/")](server, self)

            def log_message(self, *_):
                pass

        return Handler


def _send(handler, status, headers, body=b""):
    handler.send_response(status)
    for name, value in ({"Content-Length": str(len(body))} | headers).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def _good(_server, handler, **more):
    first, last = handler.headers["Range"].removeprefix("bytes=").split("-")
    start = int(first or max(0, len(DATA) - int(last)))  # of "-N", the last N bytes
    part = DATA[start : int(last) + 1 if first else None]
    told = f"bytes {start}-{start + len(part) - 1}/{len(DATA)}"
    _send(handler, 206, {"Content-Range": told, "ETag": '"1"', **more}, part)


def _wants_the_end(handler):
    return handler.headers["Range"].startswith("bytes=-")


def _without_ends(answer: Callable) -> Callable:
    """Return what answers questions for "the last bytes" in another way."""
    return lambda server, handler: (answer if _wants_the_end(handler) else _good)(server, handler)


def _huge(server, handler):
    start, stop = map(int, handler.headers["Range"].removeprefix("bytes=").split("-"))
    handler.send_response(206)
    handler.send_header("Content-Range", f"bytes {start}-{stop}/600000000")
    handler.send_header("Content-Length", "600000000")
    handler.end_headers()
    try:
        for _ in range(600):
            handler.wfile.write(bytes(1_000_000))
            server.sent_bytes += 1_000_000
    except OSError:
        handler.close_connection = True


def _first(count: int, bad: Callable, good: Callable = _good) -> Callable:
    def answer(server, handler):
        left = server.left.setdefault(handler.path, count)
        server.left[handler.path] = left - 1
        (bad if left > 0 else good)(server, handler)

    return answer


def _dropped(_server, handler):
    handler.send_response(206)
    handler.send_header("Content-Range", f"bytes 0-32767/{len(DATA)}")
    handler.send_header("Content-Length", "32768")
    handler.end_headers()
    handler.wfile.write(DATA[:100])
    handler.close_connection = True


def _status(number, **headers):
    return lambda _server, handler: _send(handler, number, headers, SECRET.encode())


def _elsewhere(_server, handler):
    port = handler.server.server_port
    _send(handler, 302, {"Location": f"http://127.0.0.2:{port}/good"})


def _slowly(server, handler):
    server.stopped.wait(0.3)
    _send(handler, 302, {"Location": "/slowly"})


def _whole(_server, handler):
    _send(handler, 200, {"ETag": '"1"'}, DATA)


def _whole_unknown(_server, handler):
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(DATA)
    handler.close_connection = True


def _whole_large(_server, handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**10))
    handler.end_headers()
    handler.wfile.write(DATA)
    handler.close_connection = True


def _silent(server, handler):
    server.stopped.wait(20)
    handler.close_connection = True


_PATHS = {
    "good": _good,
    "leaking": _status(302, Location=f"https://other.example/{SECRET}?note={SECRET}"),
    "slowly": _slowly,
    "huge": _huge,
    "end-whole": _without_ends(_whole_large),
    "end-refused": _without_ends(lambda _s, h: _send(h, 416, {"Content-Range": "bytes */102400"})),
    "end-other": _without_ends(lambda s, h: _good(s, h, ETag='"2"')),
    "end-first": _without_ends(
        lambda _s, h: _send(h, 206, {"Content-Range": "bytes 0-9/102400"}, DATA[:10])
    ),
    "end-short": _without_ends(
        lambda _s, h: _send(h, 206, {"Content-Range": "bytes 0-102399/102400", "ETag": '"1"'}, b"a")
    ),
    "end-broken": _without_ends(_status(503)),
    "end-elsewhere": _without_ends(_elsewhere),
    "gone": _status(404),
    "closed": _status(403),
    "broken": _status(500),
    "shy": _first(1, _status(429, **{"Retry-After": "1"})),
    "very-shy": _status(429, **{"Retry-After": "3600"}),
    "dropping": _first(1, _dropped),
    "always-dropping": _dropped,
    "hiccup": _first(2, _status(503)),
    "loop": _status(302, Location="/loop"),
    "moved": _status(302, Location="/good?authz=" + SECRET),
    "file": _status(302, Location="file:///etc/passwd"),
    "nowhere": _status(302),
    "elsewhere": _elsewhere,
    "whole": _whole,
    "unknown": _whole_unknown,
    "large": _whole_large,
    "login": lambda _s, h: _send(
        h, 200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><p>" + SECRET.encode()
    ),
    "wrong-range": lambda _s, h: _send(h, 206, {"Content-Range": "bytes 7-99/9999"}, DATA[:93]),
    "packed": lambda s, h: _good(s, h, **{"Content-Encoding": "gzip"}),
    "silent": _silent,
}
