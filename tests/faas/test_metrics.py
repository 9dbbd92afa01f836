import asyncio

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.faas.metrics import PATH, Confidential, MeteredApp


async def app(scope, _receive, send):
    if scope["path"] == "/broken":
        raise ConnectionError
    await send({"type": "http.response.start", "status": int(scope["path"][1:]), "headers": []})
    await send({"type": "http.response.body", "body": b""})


def asked(measured, *paths, method="GET"):
    async def ask():
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(measured, raise_app_exceptions=False),
            base_url="http://function",
        ) as http:
            for path in paths:
                await http.request(method, path)
            return (await http.get(PATH)).text

    return asyncio.run(ask())


def samples(text):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_status_and_their_time_is_measured():
    found = samples(asked(MeteredApp(app, "specs"), "/200", "/200", "/404", "/broken"))

    def calls(status):
        labels = (("function", "specs"), ("method", "GET"), ("status", status))
        return found["mlaas_requests_total", labels]

    assert (calls("200"), calls("404"), calls("499")) == (2, 1, 1)
    assert found["mlaas_request_seconds_count", (("function", "specs"),)] == 4
    assert found["mlaas_requests_open", (("function", "specs"),)] == 0


def test_methods_that_callers_make_up_are_one_label():
    found = samples(asked(MeteredApp(app, "specs"), "/200", method="BREW"))

    assert [dict(labels)["method"] for name, labels in found if name == "mlaas_requests_total"] == [
        "OTHER"
    ]


def test_levels_are_looked_at_when_they_are_asked_for():
    loaded = [1]
    measured = MeteredApp(app, "predict", lambda: [("mlaas_x", "X", "", loaded[0])])
    labels = (("function", "predict"), ("of", ""))
    first = samples(asked(measured))["mlaas_x", labels]
    loaded[0] = 5

    assert (first, samples(asked(measured))["mlaas_x", labels]) == (1, 5)


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_prometheus_gets_the_form_that_it_asks_for(accept):
    async def ask():
        transport = httpx2.ASGITransport(MeteredApp(app, "specs"))
        async with httpx2.AsyncClient(transport=transport, base_url="http://function") as http:
            return await http.get(PATH, headers={"accept": accept})

    assert asyncio.run(ask()).headers["content-type"].startswith(accept.partition(";")[0])


@pytest.mark.parametrize(
    ("token", "authorization", "status", "is_named"),
    [
        ("", None, 200, False),
        ("secret", None, 200, False),
        ("secret", "Bearer secret", 200, True),
        ("secret", "Bearer t", 403, False),
        ("", "Bearer ", 403, False),
        ("", "Bearer t", 403, False),
    ],
)
def test_who_keeps_how_much_is_told_to_the_operator_only(token, authorization, status, is_named):
    owners = Confidential(levels=lambda: [("mlaas_owner_bytes", "X", "79596f8d", 1)], token=token)
    measured = MeteredApp(app, "workflow", confidential=owners)

    async def ask():
        transport = httpx2.ASGITransport(measured)
        async with httpx2.AsyncClient(transport=transport, base_url="http://function") as http:
            headers = {"authorization": authorization} if authorization else {}
            return await http.get(PATH, headers=headers)

    told = asyncio.run(ask())

    assert (told.status_code, "79596f8d" in told.text) == (status, is_named)
    assert ("mlaas_requests_open" in told.text) == (status == 200)


def test_calls_are_told_also_when_levels_cannot_be():
    def away():
        raise ServiceUnavailableError("NATS is away")

    found = samples(asked(MeteredApp(app, "workflow", away), "/200"))

    assert found["mlaas_request_seconds_count", (("function", "workflow"),)] == 1
