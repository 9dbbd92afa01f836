"""Calls that carry a cookie: a browser sends it along, whoever made it call.

What changes something must then say that it comes from our page, with a header that no other
site can set without our leave, and we give none. Calls with a token of their own need nothing.
"""

from mlaas4hep.errors import ForbiddenError
from mlaas4hep.faas.asgi import Scope

PAGE_HEADER = "X-MLaaS4HEP-Page"
LAPTOP_COOKIE = "mlaas4hep_session"
_COOKIES = (LAPTOP_COOKIE.encode(), b"_oauth2_proxy", b"__Host-_oauth2_proxy")
_SAFE = ("GET", "HEAD", "OPTIONS")
_ACTION = b"action="  #: a query that calls by name may change something, whatever its method


def check_cookie(scope: Scope) -> None:
    """Refuse a change that another site may have made a browser ask for.

    Raises:
        ForbiddenError: it carries the cookie of a session, and not the page's header.
    """
    if scope["method"] in _SAFE and _ACTION not in scope["query_string"]:
        return
    has_session = any(
        name == b"cookie" and any(each.strip().startswith(_COOKIES) for each in value.split(b";"))
        for name, value in scope["headers"]
    )
    wanted = PAGE_HEADER.lower().encode()
    if has_session and all(name != wanted for name, _ in scope["headers"]):
        raise ForbiddenError(
            "a call with a cookie must say that it comes from the page",
            hint=f"send the header {PAGE_HEADER}: 1, or a bearer token and no cookie",
        )
