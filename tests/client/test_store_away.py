"""A large file comes from the store, by an address that the platform signed."""

import httpx2
import pytest

from mlaas4hep.client import Client
from mlaas4hep.client.connections.connection import Connection
from mlaas4hep.errors import ServiceUnavailableError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx2.RemoteProtocolError("peer closed"), "broke off: peer closed"),
        (httpx2.ConnectError("no route"), "cannot be reached: no route"),
    ],
)
def test_a_store_that_does_not_give_the_file_is_blamed_and_not_the_platform(tmp_path, error, said):
    def answer(request):
        if request.url.host == "store.test":
            error.request = request
            raise error
        return httpx2.Response(303, headers={"Location": "https://store.test/x?Signature=secret"})

    line = Connection(transport=httpx2.MockTransport(answer), retries=0)
    with (
        Client("https://mlaas.test", connection=line) as client,
        pytest.raises(ServiceUnavailableError) as caught,
    ):
        client.download("m", tmp_path / "m")

    told = str(caught.value)
    assert "https://store.test, where the file of https://mlaas.test" in told
    assert said in told
    assert "secret" not in told
