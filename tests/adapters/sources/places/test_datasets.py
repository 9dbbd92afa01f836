"""Names of data sets become files: asked of a command or a web service of the site."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.places.locate import Locator
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError

COMMAND = f'{sys.executable} -c \'import sys; print("/store/" + sys.argv[1] + ".root")\' {{}}'
FAILS = f"{sys.executable} -c 'import sys; sys.exit(\"no such scope\")' {{}}"
ANSWERS = {
    "scope:lines": (200, b"root://h//a.root\n\nroot://h//b.root\n"),
    "scope:json": (200, b'["https://h/a.root?X-Amz-Signature=1"]'),
    "scope:empty": (200, b"\n"),
    "scope:ill": (500, b"oops"),
}


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS.get(unquote(self.path.removeprefix("/files/")), (404, b""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/files/{{}}"
    server.shutdown()
    server.server_close()


def find(asked: str, name: str) -> list[str]:
    policy = ServerPolicy(datasets=asked)
    return Locator(MemoryStore(lambda: 0.0), policy).find(f"dataset:{name}")


def test_a_service_tells_the_files(service):
    assert find(service, "scope:lines") == ["root://h//a.root", "root://h//b.root"]
    assert find(service, "scope:json") == ["https://h/a.root?X-Amz-Signature=1"]


def test_a_command_tells_the_files():
    assert find(COMMAND, "a:b") == ["/store/a:b.root"]
    assert find(COMMAND.removesuffix(" {}"), "a:b") == ["/store/a:b.root"]


def test_what_is_not_known_is_named(service):
    cases = [
        (service, "scope:none", "there is no data set 'scope:none'"),
        (service, "scope:empty", "'scope:empty' has no files"),
        (FAILS, "a:b", "the files of data set 'a:b' are not told"),
        ("", "a:b", "nobody here knows its files"),
        (COMMAND, "-rf", "'-rf' is no name of a data set"),
        (COMMAND, "a;b", "'a;b' is no name of a data set"),
        (COMMAND, "a b", "'a b' is no name of a data set"),
    ]
    for asked, name, says in cases:
        with pytest.raises(InvalidRequestError, match=says):
            find(asked, name)


def test_a_service_that_is_away_is_waited_for(service):
    for asked, name in ((service, "scope:ill"), ("http://127.0.0.1:9/{}", "a:b"), ("/no/cmd", "a")):
        with pytest.raises(ServiceUnavailableError, match="does not answer") as told:
            find(asked, name)
        assert told.value.problem.file == name
        assert "MLAAS_DATASETS" in told.value.problem.hint


def test_what_a_command_says_reaches_the_person():
    with pytest.raises(InvalidRequestError) as caught:
        find(FAILS, "a:b")

    assert caught.value.problem.hint == "no such scope"
