"""Files on servers: the same entries as from the disk, in few round trips, and clear errors."""

import functools
import http.server
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError
from tests import oracle

NAMES = ["x", "J"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("served")
    rng = np.random.default_rng(1)
    import awkward as ak  # noqa: PLC0415

    jagged = ak.unflatten(rng.normal(size=6000).astype(np.float32), [2] * 3000)
    oracle.write_tree(path / "a.root", "t", {"x": rng.normal(size=3000), "J": jagged}, basket=100)
    (path / "not.root").write_bytes(b"nothing of the kind" * 100)
    whole = (path / "a.root").read_bytes()
    (path / "short.root").write_bytes(whole[: len(whole) // 2])
    return path


def _free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture(scope="module")
def xrootd(folder):
    """Return the URL prefix of an XRootD server that serves the folder."""
    program = shutil.which("xrootd")
    pytest.importorskip("XRootD", reason="the client is an extra: pip install mlaas4hep[xrootd]")
    if program is None:
        pytest.skip("there is no xrootd server: apt-get install xrootd-server")
    with tempfile.TemporaryDirectory() as made:  # pytest's own are closed to other users
        work = Path(made)
        shutil.copytree(folder, work / "data")
        for path in (work, *work.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o644)
        port = _free_port()
        lines = [f"xrd.port {port}", f"oss.localroot {work}/data", "all.export / r/o"]
        lines += [f"all.adminpath {work}", f"all.pidpath {work}", "xrd.network nodnr"]
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


def _wait_for(port, server):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.skip(f"the xrootd server ended with {server.returncode}")
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    pytest.fail("the xrootd server did not start in 20 s")


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves ranges, as web servers do and Python's does not."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        given = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if given is None:
            self.send_error(416)
            return
        path = self.translate_path(self.path)
        start, stop = int(given[1]), int(given[2]) + 1
        with open(path, "rb") as file:  # noqa: PTH123
            file.seek(start)
            data = file.read(stop - start)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{os.path.getsize(path)}")  # noqa: PTH202
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web(folder):
    handler = functools.partial(_Handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(params=["xrootd", "web"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _entries(source, url):
    blocks = source.read(source.survey(url, "t", NAMES), NAMES, 150, 2950)
    return [entry for block in blocks for entry in oracle.entries_of(block)]


def test_entries_are_those_of_the_disk(server, folder, source):
    assert _entries(source, f"{server}/a.root") == _entries(source, str(folder / "a.root"))


def test_the_content_is_known_again_wherever_it_lies(server, folder, source):
    there = source.describe(f"{server}/a.root", "t")
    here = source.describe(str(folder / "a.root"), "t")

    assert (there.uuid, there.size_bytes) == (here.uuid, here.size_bytes)
    assert there.branches == here.branches


def test_a_file_that_is_not_on_the_server_is_named(server, source):
    with pytest.raises(InvalidRequestError, match=r"none\.root.*no such file"):
        source.describe(f"{server}/none.root", "t")


@pytest.mark.parametrize("name", ["not.root", "short.root"])
def test_what_is_no_whole_root_file_is_refused(server, source, name):
    with pytest.raises(InvalidRequestError, match=name):
        source.describe(f"{server}/{name}", "t")


@pytest.mark.parametrize("scheme", ["root", "http"])
def test_a_server_that_does_not_answer_is_asked_again_later(source, scheme):
    if scheme == "root":
        pytest.importorskip("XRootD", reason="the client is an extra")

    with pytest.raises(ServiceUnavailableError, match="does not answer"):
        source.describe(f"{scheme}://127.0.0.1:{_free_port()}//a.root", "t")
