"""Servers that data is read from in tests: real XRootD, and small web servers, on loopback."""

import http.server
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlaas4hep.laptop.ports import free_ports

START_S = 120


@contextmanager
def xrootd_server(folder: Path, *settings: str) -> Iterator[str]:
    """Serve a copy of a folder by XRootD; give the prefix of its URLs, or skip.

    Args:
        folder: of the files.
        settings: further lines of the server's configuration.
    """
    program = shutil.which("xrootd")
    pytest.importorskip("XRootD", reason="the client is an extra: pip install mlaas4hep[xrootd]")
    if program is None:
        pytest.skip("there is no xrootd server: apt-get install xrootd-server")
    with tempfile.TemporaryDirectory() as made:  # pytest's own are closed to other users
        work = Path(made)
        shutil.copytree(folder, work / "data")
        for path in (work, *work.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o644)
        (port,) = free_ports(1)
        lines = [f"xrd.port {port}", f"oss.localroot {work}/data", "all.export / r/o"]
        lines += [f"all.adminpath {work}", f"all.pidpath {work}", "xrd.network nodnr", *settings]
        (work / "server.cfg").write_text("\n".join(lines) + "\n")
        command = [program, "-c", work / "server.cfg", "-n", "test"]
        command += ["-R", "nobody"] if os.geteuid() == 0 else []
        server = subprocess.Popen(
            command, cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(port, server)
            yield f"root://127.0.0.1:{port}/"
        finally:
            server.terminate()
            server.wait()


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.skip(f"the xrootd server ended with {server.returncode}")
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    pytest.fail(f"the xrootd server did not start in {START_S} s")


class RangeHandler(http.server.SimpleHTTPRequestHandler):
    """Serves ranges, as web servers do and Python's does not."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        given = re.fullmatch(r"bytes=(\d*)-(\d+)", self.headers.get("Range", ""))
        path = self.translate_path(self.path)
        if given is None or not os.path.exists(path):  # noqa: PTH110
            self.send_error(404 if given else 416)
            return
        size = os.path.getsize(path)  # noqa: PTH202
        start = int(given[1] or max(0, size - int(given[2])))  # of "-N", the last N bytes
        stop = min(int(given[2]) + 1, size) if given[1] else size
        with open(path, "rb") as file:  # noqa: PTH123
            file.seek(start)
            data = file.read(stop - start)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    """Lets as many connections wait as a reader makes at once; of five, the sixth is a second late."""

    daemon_threads = True
    request_queue_size = 128


@contextmanager
def web_server(make: object, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve with a handler (or what makes one); give the prefix of its URLs."""
    server = _Server(("127.0.0.1", 0), make)  # type: ignore[arg-type]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
