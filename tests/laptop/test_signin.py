import asyncio
from http.cookies import SimpleCookie

import httpx2
import jwt
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from mlaas4hep.faas.csrf import LAPTOP_COOKIE, PAGE_HEADER
from mlaas4hep.laptop import signin
from mlaas4hep.laptop.signin import SignIn, with_token


@pytest.fixture
def client(tmp_path):
    sign_in = SignIn(tmp_path)
    app = Starlette(
        routes=[
            Route("/", sign_in.home),
            Route("/login", sign_in.login),
            Route("/logout", sign_in.logout, methods=["POST"]),
        ]
    )
    return Caller(app)


class Caller:
    """Calls an ASGI app in this process."""

    def __init__(self, app):
        self._transport = httpx2.ASGITransport(app)

    def get(self, url, **headers):
        return self.call("GET", url, **headers)

    def call(self, method, url, **headers):
        async def ask():
            async with httpx2.AsyncClient(
                transport=self._transport, base_url="http://127.0.0.1"
            ) as http:
                return await http.request(method, url, headers=headers)

        return asyncio.run(ask())


def test_a_link_signs_in_the_person_it_was_made_for_once(client, tmp_path):
    link = signin.link(tmp_path, "http://127.0.0.1", "luca")

    first, second = client.get(link), client.get(link)

    assert (first.status_code, first.headers["location"]) == (303, signin.PAGE_PATH)
    cookie = SimpleCookie(first.headers["set-cookie"])[LAPTOP_COOKIE]
    assert jwt.decode(cookie.value, options={"verify_signature": False})["sub"] == "luca"
    assert (cookie["httponly"], cookie["samesite"]) == (True, "strict")
    assert second.status_code == 401
    assert "set-cookie" not in second.headers


def test_a_link_that_is_too_old_or_made_up_signs_nobody_in(client, tmp_path):
    old = signin.link(tmp_path, "http://127.0.0.1", "luca", ttl_s=-1)

    assert client.get(old).status_code == 401
    assert client.get("/login?code=../../keys/issuer.pem").status_code == 401
    assert client.get("/login").status_code == 401


def test_links_are_kept_as_digests(tmp_path):
    code = signin.link(tmp_path, "", "luca").partition("code=")[2]

    assert all(code not in str(path) for path in tmp_path.rglob("*"))
    assert signin.redeem(tmp_path, code)
    assert list((tmp_path / "links").iterdir()) == []


def test_browsers_are_sent_to_the_page_and_programs_are_told_where_it_is(client):
    assert client.get("/", accept="text/html").headers["location"] == signin.PAGE_PATH
    assert client.get("/").json()["page"] == signin.PAGE_PATH


def test_signing_out_takes_the_cookie_and_only_the_page_can(client):
    cookie = f"{LAPTOP_COOKIE}=x"

    assert client.call("POST", "/logout", cookie=cookie).status_code == 403
    answer = client.call("POST", "/logout", cookie=cookie, **{PAGE_HEADER: "1"})
    assert answer.status_code == 204
    assert SimpleCookie(answer.headers["set-cookie"])[LAPTOP_COOKIE].value == ""


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ({"cookie": "a=b; mlaas4hep_session=t.o.k"}, "Bearer t.o.k"),
        ({"cookie": "mlaas4hep_session=t", "authorization": "Bearer mine"}, "Bearer mine"),
        ({"cookie": "a=b"}, None),
        ({"cookie": 'broken="; =;;'}, None),
        ({}, None),
    ],
)
def test_a_cookie_stands_for_a_token_unless_there_is_one(sent, seen):
    headers = [(name.encode(), value.encode()) for name, value in sent.items()]

    found = dict(with_token({"headers": headers})["headers"]).get(b"authorization")

    assert found == (seen.encode() if seen else None)
