"""Asks an issuer over HTTP, with what Python brings."""

import json
from http.client import HTTPException
from typing import Any
from urllib import request
from urllib.error import HTTPError
from urllib.parse import urlsplit

from mlaas4hep.errors import ServiceUnavailableError

ANSWER_S = 5.0  #: for each step of an answer

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class _Proxies(request.ProxyHandler):
    """The environment's proxies, but for this machine: they would say which keys its issuer has."""

    def proxy_open(self, req: request.Request, proxy: str, type: str) -> Any:
        """Ask through a proxy; None: ask directly."""
        if urlsplit(req.full_url).hostname in _THIS_MACHINE:
            return None
        return super().proxy_open(req, proxy, type)


_HANDLERS: tuple[type[request.BaseHandler], ...] = (
    _Proxies,
    request.UnknownHandler,
    request.HTTPHandler,
    request.HTTPSHandler,
    request.HTTPDefaultErrorHandler,
    request.HTTPRedirectHandler,
    request.HTTPErrorProcessor,
)


def answered(url: str) -> Any:
    """Return the JSON that `url` answers.

    Raises:
        ServiceUnavailableError: nothing usable came.
    """
    try:
        with _web().open(url, timeout=ANSWER_S) as answer:
            return json.loads(answer.read())
    except HTTPError as error:
        with error:  # it holds the connection
            raise _no_answer(url, error) from error
    except (OSError, HTTPException, ValueError) as error:
        raise _no_answer(url, error) from error


def _no_answer(url: str, error: Exception) -> ServiceUnavailableError:
    return ServiceUnavailableError(
        f"the issuer's keys cannot be fetched from {url}: {error}",
        hint="the identity provider does not answer; try again later",
    )


def _web() -> request.OpenerDirector:
    """Return what speaks HTTP and nothing else: an issuer's document must not name our files.

    A client library would take a tenth of a function's start.
    """
    web = request.OpenerDirector()
    web.addheaders = [("User-Agent", "mlaas4hep"), ("Accept", "application/json")]
    for handler in _HANDLERS:
        web.add_handler(handler())
    return web
