import signal
import socket
import subprocess
import threading

import httpx2
import pytest

from tests import calls
from tests.faas.server.served import ASGI, served
from tests.smuggling import Door, attack, most_answers

WSGI = """
import threading
import flask
from mlaas4hep.faas.on_event import wsgi

def make_app(services, settings):
    app = flask.Flask("tiny")
    inside, go_on = threading.Event(), threading.Event()

    def slow():
        inside.set()
        go_on.wait(30)
        return "done"

    app.add_url_rule("/slow", "slow", slow)
    app.add_url_rule("/inside", "inside", lambda: str(inside.wait(30)))
    app.add_url_rule("/go", "go", lambda: go_on.set() or "gone")
    return app

function = wsgi("tiny", make_app)
"""
EVENTS = """
from mlaas4hep.faas.on_event import on_event

function = on_event("tiny", {})
"""

AMBIGUOUS = (
    "upgrade with a length, its body apart",
    "upgrade in chunks, its body apart",
    "length and chunks (CL.TE)",
    "chunks and length (TE.CL)",
    "two lengths",
    "a folded encoding",
    "chunked and something behind it",
    "a chunk longer than it says",
)


def test_a_flask_function_finishes_what_it_does_when_it_is_told_to_stop(tmp_path):
    answers = []
    with served(tmp_path, WSGI) as function:
        function.wait_until_up()
        call = threading.Thread(
            target=lambda: answers.append(httpx2.get(f"{function.url}/slow", timeout=30).text)
        )
        call.start()
        with httpx2.Client(base_url=function.url, timeout=30) as client:
            client.get("/inside")
            function.process.send_signal(signal.SIGTERM)
            client.get("/go")
        call.join(30)
        code = function.process.wait(30)

    assert (answers, code) == (["done"], 0)


def test_an_asgi_function_is_served_too(tmp_path):
    with served(tmp_path, ASGI) as function:
        function.wait_until_up()
        answer = calls.get(f"{function.url}/any/path?a=\u00e9")
        function.process.send_signal(signal.SIGTERM)
        function.process.wait(30)

    assert (answer.status_code, answer.text) == (200, "/any/path?a=%C3%A9 0")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "frame-ancestors 'self'"
    assert answer.headers["server"] == "mlaas4hep"  # not what serves it
    assert function.process.returncode == 0


def test_a_function_loads_one_server_and_no_framework_that_it_does_without(asgi_function):
    loaded = set(calls.get(f"{asgi_function.url}/loaded").text.split())

    assert loaded >= {"uvicorn", "uvloop", "httptools"}
    assert not loaded & {"granian", "h11", "websockets", "starlette"}  # other ways to listen
    assert not loaded & {"aiohttp", "flask", "httpx2", "tensorflow", "werkzeug"}


@pytest.mark.parametrize("size", [0, 5, 3_000_000])
@pytest.mark.parametrize("is_announced", [True, False])
def test_bodies_of_any_size_reach_an_asgi_function_announced_or_in_pieces(
    asgi_function, size, is_announced
):
    body = b"x" * size
    answer = calls.post(f"{asgi_function.url}/b", content=body if is_announced else iter([body]))

    assert answer.text == f"/b? {size}"


def test_the_collector_is_off_only_while_a_function_is_imported(asgi_function):
    is_on, is_spared_what_was_imported = calls.get(f"{asgi_function.url}/collector").text.split()

    assert (is_on, is_spared_what_was_imported) == ("True", "True")


def test_an_asgi_function_finishes_what_it_does_when_it_is_told_to_stop(tmp_path):
    with served(tmp_path, ASGI) as function:
        function.wait_until_up()
        port = int(function.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=60) as call:
            head = "POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            call.sendall(head.encode() + b"2\r\nhe\r\n")
            while function.process.stderr.readline() != "inside\n":
                pass
            function.process.send_signal(signal.SIGTERM)
            call.sendall(b"3\r\nllo\r\n0\r\n\r\n")
            answer = b"".join(iter(lambda: call.recv(4096), b""))
        code = function.process.wait(60)

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b" 5" in answer
    assert code == 0


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_an_asgi_function_takes_nobodys_bytes_for_anothers_request(asgi_function, name):
    outcome = attack(Door(port=int(asgi_function.url.rpartition(":")[2])), name, knocks=2)

    assert len(outcome.statuses) <= most_answers(name)
    assert set(outcome.victims) == {200}


@pytest.mark.parametrize(
    ("handler", "env", "said"),
    [
        (WSGI, {"MLAAS_WORKER": "3"}, "MLAAS_WORKER='3' is not a setting"),
        (WSGI, {"MLAAS_WORKERS": "three"}, "MLAAS_WORKERS='three' is not a whole number"),
        (WSGI, {"MLAAS_LOG_LEVEL": "loud"}, "MLAAS_LOG_LEVEL='loud'"),
        (WSGI, {"MLAAS_STORE": "ftp://x"}, "MLAAS_STORE='ftp://x'"),
        (ASGI, {"MLAAS_STORE": "ftp://x"}, "MLAAS_STORE='ftp://x'"),
        (EVENTS, {"MLAAS_DISPATCHER_PUBLIC_KEY_FILE": "/no/such"}, "secret file '/no/such'"),
        ("import no_such_module", {}, "No module named 'no_such_module'"),
    ],
)
def test_a_function_that_cannot_work_ends_at_once_and_says_why(tmp_path, handler, env, said):
    with served(tmp_path, handler, **env) as function:
        _, text = function.process.communicate(timeout=60)

    assert function.process.returncode not in (0, None)
    assert said in text
    assert env == {} or "Traceback" not in text


#: inside a user namespace that allows no further ones, as containers forbid them
WITHOUT_NAMESPACES = (
    *("unshare", "--user", "--map-root-user", "sh", "-c"),
    'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$@"',
)


@pytest.fixture
def shell():
    if subprocess.run([*WITHOUT_NAMESPACES, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespaces can be made here, so that none can be forbidden")
    return WITHOUT_NAMESPACES


def test_a_function_does_not_start_with_less_confinement_than_is_demanded(tmp_path, shell):
    with served(tmp_path, WSGI, shell, MLAAS_SANDBOX="full") as function:
        _, text = function.process.communicate(timeout=60)

    assert function.process.returncode not in (0, None)
    assert "MLAAS_SANDBOX='full': this deployment runs nobody's program without" in text
    assert "user namespace, network namespace" in text
    assert "Traceback" not in text


def test_a_function_starts_with_as_much_confinement_as_is_demanded(tmp_path, shell):
    with served(tmp_path, WSGI, shell, MLAAS_SANDBOX="required") as function:
        assert function.wait_until_up().status_code == 200
