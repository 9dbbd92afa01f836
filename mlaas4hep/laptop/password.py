"""The password of `admin`, whom /system lets in, as OpenFaaS does: `faas-cli login` takes it."""

import base64
import secrets

from starlette.responses import JSONResponse

from mlaas4hep.errors import Problem
from mlaas4hep.faas.asgi import AsgiApp, Receive, Scope, Send
from mlaas4hep.laptop.state import State

USER = "admin"
_FILE = "gateway-password"


def password(state: State) -> str:
    """Return the password of this state folder; the first call makes it."""
    path = state.folder("keys") / _FILE
    if not path.exists():
        state.write_secret(_FILE, secrets.token_urlsafe(24))
    return path.read_text(encoding="utf-8")


class SystemPassword:
    """An ASGI app before another one: /system only with the password, the rest for everybody."""

    def __init__(self, app: AsgiApp, password: str) -> None:
        self._app = app
        credentials = base64.b64encode(f"{USER}:{password}".encode())
        self._wanted = b"Basic " + credentials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 401."""
        if scope["type"] == "http" and scope["path"].startswith("/system"):
            given = [value for name, value in scope["headers"] if name == b"authorization"]
            if len(given) != 1 or not secrets.compare_digest(given[0], self._wanted):
                await _REFUSAL(scope, receive, send)
                return
        await self._app(scope, receive, send)


_REFUSAL = JSONResponse(
    {
        "error": Problem(
            code="unauthenticated",
            message="/system is for the administrator",
            hint="mlaas4hep password | faas-cli login --username admin --password-stdin",
        ).to_json()
    },
    401,
    {"WWW-Authenticate": 'Basic realm="Restricted"'},
)
