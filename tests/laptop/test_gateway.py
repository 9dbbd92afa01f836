"""Calls on their way through the gateway: they arrive as they were, and so do the answers."""

import itertools
import socket

import httpx2
import pytest

from mlaas4hep.faas.bodies import Bodies
from tests import calls
from tests.laptop.gateways import LARGE_BYTES, Running


@pytest.mark.parametrize("name", ["echo", "echo.openfaas-fn"])
def test_a_call_reaches_the_function_with_path_query_body_and_headers(client, name):
    answer = client.post(
        f"/function/{name}/a//b%2Fc?x=1&y=%20", content=b"12345", headers={"X-Own": "yes"}
    )

    said = answer.json()
    assert (said["method"], said["path"], said["query"]) == ("POST", "/a//b%2Fc", "x=1&y=%20")
    assert (said["size"], said["headers"]["x-own"]) == (5, "yes")


def test_a_call_without_a_path_reaches_the_root(client):
    assert client.get("/function/echo").json()["path"] == "/"


def test_calls_carry_an_id_a_start_time_and_a_duration(client):
    answer = client.get("/function/echo")

    said = answer.json()["headers"]
    assert answer.headers["x-call-id"] == said["x-call-id"]
    assert answer.headers["x-start-time"] == said["x-start-time"]
    assert float(answer.headers["x-duration-seconds"]) > 0


@pytest.mark.parametrize(
    "path", ["/function/echo", "/function/away", "/healthz", "/nix", "/system/functions"]
)
def test_every_answer_is_only_what_it_says_it_is_and_names_no_server(client, path):
    answer = client.get(path)

    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers.get_list("content-security-policy") == ["frame-ancestors 'self'"]
    assert "server" not in answer.headers


def test_a_pages_own_policy_stands_beside_that_of_every_answer(client):
    policies = client.get("/function/echo/page").headers.get_list("content-security-policy")

    assert sorted(policies) == ["frame-ancestors 'none'", "frame-ancestors 'self'"]


def test_an_id_that_the_caller_gave_is_kept(client):
    answer = client.get("/function/echo", headers={"X-Call-Id": "mine"})

    assert answer.headers["x-call-id"] == "mine"


def test_large_bodies_pass_in_both_directions(client):
    blocks = (b"y" * 65536 for _ in range(64))

    assert client.post("/function/echo", content=blocks).json()["size"] == 64 * 65536
    assert client.post("/function/echo", content=b"z" * 2**22).json()["size"] == 2**22
    assert len(client.get("/function/echo/large").content) == LARGE_BYTES


def test_an_upload_is_answered_as_soon_as_the_function_refuses_it(client):
    answer = client.post("/function/echo/refuse", content=b"z" * 2**23)

    assert (answer.status_code, answer.text) == (413, "too large")


def test_a_small_body_that_comes_letter_by_letter_is_not_waited_for(tmp_path):
    hurried = Bodies(clock=itertools.count(0, 20).__next__)  # 20 s between two looks
    with (
        Running(tmp_path, hurried) as running,
        socket.create_connection(("127.0.0.1", running.ports[0])) as sock,
    ):
        sock.sendall(
            b"POST /function/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n"
        )
        sock.sendall(b"1")
        said = b"".join(iter(lambda: sock.recv(4096), b""))

        assert said.startswith(b"HTTP/1.1 408 ")
        assert b'"too_slow"' in said
        assert running.echo.paths == []


def test_a_stream_is_passed_on_while_it_grows(client, running):
    with client.stream("GET", "/function/echo/stream") as answer:
        lines = answer.iter_lines()
        first = next(lines)
        calls.get(f"{running.url}/function/echo/go_on")
        rest = list(lines)

    assert (first, rest) == ("one", ["two"])


def test_a_function_learns_that_the_client_went_away(client, running):
    with client.stream("GET", "/function/echo/stream") as answer:
        next(answer.iter_lines())

    assert running.echo.gone.wait(60)


def test_kept_connections_are_used_again(client):
    ports = {client.get("/function/echo").json()["headers"]["host"] for _ in range(20)}

    assert len(ports) == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/function/nobody", 404, "not_found"),
        ("/function/echo.other", 404, "not_found"),
        ("/function/away", 502, "bad_gateway"),
        ("/function/slow", 503, "not_ready"),
        ("/function/echo/hang", 504, "timeout"),
    ],
)
def test_what_cannot_be_forwarded_is_answered_as_openfaas_does(client, path, status, code):
    answer = client.get(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_an_answer_that_breaks_off_is_not_mistaken_for_a_whole_one(client):
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get("/function/echo/cut")


def test_a_port_of_its_own_gives_a_function_its_paths_unchanged(running):
    answer = calls.get(f"http://127.0.0.1:{running.ports[1]}/echo/submit?name=luca")

    assert answer.json()["path"] == "/echo/submit"


def test_a_port_of_its_own_shows_nothing_of_the_system(running):
    answer = calls.get(f"http://127.0.0.1:{running.ports[1]}/echo/system/functions")

    assert answer.json()["path"] == "/echo/system/functions"


def test_a_port_of_its_own_knows_the_other_function_for_people_and_no_more(running):
    url = f"http://127.0.0.1:{running.ports[1]}"

    assert calls.get(f"{url}/function/predict/v1/x").json()["path"] == "/v1/x"
    assert calls.get(f"{url}/function/away/x").json()["path"] == "/function/away/x"


def test_hop_by_hop_headers_end_at_the_gateway_and_so_do_those_that_connection_names(client):
    hops = {
        "Connection": "keep-alive, X-Named",
        "X-Named": "1",
        "Keep-Alive": "timeout=5",
        "Proxy-Authorization": "Basic eDp5",
        "TE": "trailers",
        "Trailer": "X-Later",
    }

    said = client.post("/function/echo", content=b"12345", headers=hops | {"X-Own": "yes"}).json()

    passed = set(said["headers"])
    assert not passed & {name.lower() for name in hops}
    assert (said["headers"]["x-own"], said["headers"]["content-length"]) == ("yes", "5")


def test_who_asks_for_another_protocol_gets_an_ordinary_answer_and_no_more(client):
    answer = client.get("/function/echo", headers={"Connection": "Upgrade", "Upgrade": "h2c"})

    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
    assert "upgrade" not in answer.json()["headers"]


@pytest.mark.parametrize("path", ["/system/logs?name=echo", "/system/functions", "/function/echo"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example"])
def test_a_foreign_name_is_refused_so_that_no_page_can_bind_its_own_to_this_address(
    client, path, host
):
    answer = client.get(path, headers={"Host": host})

    assert answer.status_code == 421
    assert "evil" in answer.json()["error"]["message"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9000", "127.0.0.1:1", "[::1]:8080"])
def test_this_machines_own_names_are_let_in(client, host):
    assert client.get("/function/echo", headers={"Host": host}).status_code == 200


def test_an_address_is_passed_on_as_it_came(client):
    answer = client.get("/function/echo/a%2e%2e/b%20c//d;e?x=%2B+y&x=%26")

    said = answer.json()
    assert (said["path"], said["query"]) == ("/a%2e%2e/b%20c//d;e", "x=%2B+y&x=%26")


@pytest.mark.parametrize("raw", [b"GET /function/echo/../specs HTTP/1.1", b"GET //x HTTP/1.1"])
def test_dots_and_slashes_are_nobodys_way_round(running, raw):
    with socket.create_connection(("127.0.0.1", running.ports[0]), timeout=60) as line:
        line.sendall(raw + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        said = line.makefile("rb").read()

    status = int(said.split()[1])
    assert (status, b"/../specs" in said) in ((200, True), (404, False))
