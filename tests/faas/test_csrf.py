import pytest

from mlaas4hep.errors import ForbiddenError
from mlaas4hep.faas.csrf import check_cookie

SESSION = (b"cookie", b"theme=dark; mlaas4hep_session=t")
PROXY = (b"cookie", b"_oauth2_proxy_0=t")
PAGE = (b"x-mlaas4hep-page", b"1")


JOINED = (b"cookie", b"theme=dark,_oauth2_proxy=t")


def scope(method, *headers):
    return {"method": method, "headers": list(headers)}


@pytest.mark.parametrize("session", [SESSION, PROXY, JOINED])
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
def test_a_change_with_a_cookie_needs_the_header_of_the_page(session, method):
    with pytest.raises(ForbiddenError, match="comes from the page"):
        check_cookie(scope(method, session))

    check_cookie(scope(method, session, PAGE))


@pytest.mark.parametrize(
    "asked",
    [
        scope("GET", SESSION),
        scope("HEAD", SESSION),
        scope("POST", (b"authorization", b"Bearer t")),
        scope("POST", (b"cookie", b"theme=dark")),
    ],
)
def test_reading_and_calls_without_a_session_need_nothing(asked):
    check_cookie(asked)
