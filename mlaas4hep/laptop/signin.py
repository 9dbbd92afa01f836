"""Signing in to the page of a laptop platform: a link that works once, and then a cookie.

Whoever can write into the state folder can make a link, as they can make a token.
"""

import hashlib
import json
import secrets
import time
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from mlaas4hep.errors import ForbiddenError
from mlaas4hep.faas.asgi import Scope
from mlaas4hep.faas.csrf import LAPTOP_COOKIE, check_cookie
from mlaas4hep.laptop import issuer
from mlaas4hep.laptop.state import State

LOGIN_PATH, LOGOUT_PATH = "/login", "/logout"
PAGE_PATH = "/function/workflow/ui/"
LINK_S = 3600.0  #: how long a link works
_FOLDER = "links"
_USED = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>MLaaS4HEP</title>
<h1>This link has been used, or is too old</h1>
<p>Each link signs in once. <code>mlaas4hep link</code> prints a new one.</p></html>"""


def link(state_dir: Path, gateway_url: str, user: str, ttl_s: float = LINK_S) -> str:
    """Return an address that signs `user` in, once."""
    code = secrets.token_urlsafe(24)
    note = {"user": user, "until": time.time() + ttl_s}
    _file(state_dir, code).write_text(json.dumps(note), encoding="utf-8")
    return f"{gateway_url}{LOGIN_PATH}?code={code}"


def redeem(state_dir: Path, code: str) -> str | None:
    """Return a token for whom a link was made; None if it was used before, or is too old."""
    try:
        note = _file(state_dir, code)
        taken = note.rename(note.with_suffix(f".{secrets.token_hex(8)}"))
        link = json.loads(taken.read_text(encoding="utf-8"))
        taken.unlink()
    except FileNotFoundError:
        return None
    return issuer.token(state_dir, link["user"]) if link["until"] > time.time() else None


def _file(state_dir: Path, code: str) -> Path:
    return State(state_dir).folder(_FOLDER) / hashlib.sha256(code.encode()).hexdigest()


def with_token(scope: Scope) -> Scope:
    """Return a request with the token of its cookie as its Authorization, as oauth2-proxy does."""
    names = {name for name, _ in scope["headers"]}
    if b"cookie" not in names or b"authorization" in names:
        return scope
    token = _token(b"; ".join(value for name, value in scope["headers"] if name == b"cookie"))
    if not token:
        return scope
    header = (b"authorization", f"Bearer {token}".encode())
    return {**scope, "headers": [*scope["headers"], header]}


def _token(cookies: bytes) -> str:
    try:
        found = SimpleCookie(cookies.decode("latin-1")).get(LAPTOP_COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


class SignIn:
    """What the gateway answers to people who sign in and out."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    async def home(self, request: Request) -> Response:
        """Send browsers to the page."""
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(PAGE_PATH, 303)
        return JSONResponse({"service": "mlaas4hep gateway", "page": PAGE_PATH})

    async def login(self, request: Request) -> Response:
        """Take a link's code, and give a cookie for it."""
        token = redeem(self._state_dir, request.query_params.get("code", ""))
        if token is None:
            return HTMLResponse(_USED, 401)
        answer = RedirectResponse(PAGE_PATH, 303)
        answer.set_cookie(
            LAPTOP_COOKIE, token, max_age=issuer.TTL_S, httponly=True, samesite="strict"
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def logout(self, request: Request) -> Response:
        """Take the cookie back."""
        try:
            check_cookie(request.scope)
        except ForbiddenError as error:
            return JSONResponse({"error": error.problem.to_json()}, error.status)
        answer = Response(status_code=204)
        answer.delete_cookie(LAPTOP_COOKIE, httponly=True, samesite="strict")
        return answer
