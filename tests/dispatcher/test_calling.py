"""Where the dispatcher calls functions."""

import asyncio
from typing import Any

import aiohttp
import pytest

from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.adapters.identity.tokens import DispatcherSigner
from mlaas4hep.dispatcher.calling import Caller, addresses
from mlaas4hep.dispatcher.verdict import CallOutcome
from mlaas4hep.settings import Settings, SettingsError


@pytest.mark.parametrize("text", ["", "gateway:8080", "ftp://gateway", "http://", "http://[x"])
def test_what_is_no_address_stops_the_start_and_is_quoted(text):
    with pytest.raises(SettingsError, match="MLAAS_GATEWAY_URL="):
        addresses(Settings(gateway_url=text))


def test_functions_are_behind_the_gateway_whose_address_may_have_a_path_and_loses_a_name():
    where = addresses(Settings(gateway_url="https://me:secret@site:8443/faas/"))

    assert str(where("specs")) == "https://site:8443/faas/function/specs"


def test_without_a_gateway_each_function_has_an_address_of_its_own():
    where = addresses(Settings(function_url="http://{name}.openfaas-fn:8080"))

    assert str(where("chunk-preprocess")) == "http://chunk-preprocess.openfaas-fn:8080"
    assert str(where("specs") / "_/ready") == "http://specs.openfaas-fn:8080/_/ready"


@pytest.mark.parametrize(
    "text", ["http://functions:8080", "{name}:8080", "ftp://{name}", "http://[{name}"]
)
def test_a_pattern_that_gives_no_addresses_stops_the_start_and_is_quoted(text):
    with pytest.raises(SettingsError, match="MLAAS_FUNCTION_URL="):
        addresses(Settings(function_url=text))


def called(functions: Any, signing_key: SigningKey) -> CallOutcome:
    async def call() -> CallOutcome:
        where = addresses(Settings(gateway_url=functions.url))
        signer = DispatcherSigner(signing_key.private_pem)
        async with aiohttp.ClientSession() as session:
            caller = Caller(session, where, signer, 1.0)
            return await caller.call("specs", "e", b'{"id": "e"}', check=True, headers={})

    return asyncio.run(call())


@pytest.mark.parametrize(
    ("body", "is_over"),
    [
        ({"event": "e"}, False),
        ({"event": "e", "over": True}, True),
        ({"over": 1}, False),
        ([], False),
    ],
)
def test_a_function_may_say_that_the_run_of_the_event_is_over(
    functions: Any, signing_key: SigningKey, body: Any, is_over: bool
) -> None:
    functions.answer = lambda *_: (200, body)

    outcome = called(functions, signing_key)

    assert outcome == CallOutcome(status=200, is_over=is_over, was_ready=True)


@pytest.mark.parametrize(
    ("readiness", "expected"),
    [
        (200, CallOutcome(status=502, was_ready=True)),
        (404, CallOutcome(status=502)),
        (405, CallOutcome(status=502)),
        (501, CallOutcome(status=502)),
        (302, CallOutcome(status=None)),
        (429, CallOutcome(status=None)),
        (500, CallOutcome(status=None)),
        (503, CallOutcome(status=None)),
    ],
)
def test_a_function_is_called_unless_it_says_that_it_is_not_ready(
    functions: Any, signing_key: SigningKey, readiness: int, expected: CallOutcome
) -> None:
    functions.readiness = readiness
    functions.answer = lambda *_: (502, {})

    assert called(functions, signing_key) == expected
    assert len(functions.calls) == (expected.status is not None)
