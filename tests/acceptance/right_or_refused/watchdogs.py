"""A line on which answers end early, as of-watchdog's do at `exec_timeout`: after their head."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

_BLOCK = 4096


class _Line(socketserver.BaseRequestHandler):
    """One connection: what is asked goes through whole, of what is answered only the beginning."""

    def handle(self) -> None:
        with socket.create_connection(self.server.behind) as behind:
            asking = threading.Thread(target=_pass_on, args=(self.request, behind))
            asking.start()
            _pass_on(behind, self.request, self.server.allowance())
            for end in (behind, self.request):
                with suppress(OSError):  # it is closed already
                    end.shutdown(socket.SHUT_RDWR)
            asking.join()


def _pass_on(source: socket.socket, target: socket.socket, most: float = float("inf")) -> None:
    with suppress(OSError):  # the other end is gone
        while most > 0 and (block := source.recv(int(min(_BLOCK, most)))):
            target.sendall(block)
            most -= len(block)


@contextmanager
def cutting(host: str, port: int, after: int, times: float = float("inf")) -> Iterator[str]:
    """Yield an address before `host`, where the first answers end after some bytes.

    Args:
        host: of who answers.
        port: the same.
        after: bytes that come of an answer.
        times: answers that are cut; later ones come whole.
    """
    lines = count()

    class Server(socketserver.ThreadingTCPServer):
        behind = host, port
        daemon_threads = True

        @staticmethod
        def allowance() -> float:
            return after if next(lines) < times else float("inf")

    with Server(("127.0.0.1", 0), _Line) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
