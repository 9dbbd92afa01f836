"""Calls that carry a cookie: a browser sends it along, whoever made it call.

What changes something must then say that it comes from our page, with a header that no other
site can set without our leave, and we give none. Calls with a token of their own need nothing.
"""

import re
from collections.abc import Iterable

from mlaas4hep.errors import ForbiddenError
from mlaas4hep.faas.asgi import Scope

PAGE_HEADER = "X-MLaaS4HEP-Page"
LAPTOP_COOKIE = "mlaas4hep_session"
_COOKIES = (LAPTOP_COOKIE.encode(), b"_oauth2_proxy", b"__Host-_oauth2_proxy")
_SAFE = ("GET", "HEAD", "OPTIONS")
_BETWEEN = re.compile(b"[;,]")  #: cookies of one header, and headers that were joined


def check_cookie(scope: Scope) -> None:
    """Refuse a call whose method changes something, if another site may have asked for it.

    Raises:
        ForbiddenError: it carries the cookie of a session, and not the page's header.
    """
    if scope["method"] not in _SAFE:
        check_change(scope["headers"])


def check_change(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Refuse a change, whatever its method; see `check_cookie`.

    Args:
        headers: with names in lower case.
    """
    given = list(headers)
    has_session = any(
        name == b"cookie"
        and any(each.strip().startswith(_COOKIES) for each in _BETWEEN.split(value))
        for name, value in given
    )
    wanted = PAGE_HEADER.lower().encode()
    if has_session and all(name != wanted for name, _ in given):
        raise ForbiddenError(
            "a call with a cookie must say that it comes from the page",
            hint=f"send the header {PAGE_HEADER}: 1, or a bearer token and no cookie",
        )
