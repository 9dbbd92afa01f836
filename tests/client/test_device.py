"""Signing in with a code, where a provider says odd things."""

import json

import pytest

from mlaas4hep.client.oauth import device
from mlaas4hep.client.oauth.provider import Provider
from mlaas4hep.errors import UnauthenticatedError
from tests.asgi import serving

CODE = {"device_code": "d", "user_code": "RNNP", "verification_uri": "https://a", "expires_in": 3}


def provider(**said):
    """Return an app that gives a code which nobody ever confirms."""

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        await receive()
        is_code = scope["path"] == "/device"
        told = {**CODE, **said} if is_code else {"error": "authorization_pending"}
        start = {"type": "http.response.start", "status": 200 if is_code else 400}
        await send({**start, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})

    return app


@pytest.mark.parametrize(
    ("said", "pauses"),
    [
        ({}, [5.0]),
        ({"interval": 0}, [1.0] * 3),
        ({"interval": -5}, [1.0] * 3),
        ({"interval": 1e9}, [60.0]),
    ],
)
def test_the_wait_for_a_person_ends_whatever_the_interval(said, pauses):
    seen = []
    with serving(provider(**said)) as url:
        addresses = Provider(token_url=f"{url}/token", device_url=f"{url}/device")
        code = device.start(addresses, "mlaas4hep-login", "openid", "")

        with pytest.raises(UnauthenticatedError, match="nobody confirmed the code RNNP in 3 s"):
            device.wait(code, seen.append)

    assert seen == pauses
