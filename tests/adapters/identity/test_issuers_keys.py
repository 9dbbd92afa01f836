"""Keys of an issuer: fetched, remembered, and gone."""

import time

import pytest

from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.adapters.identity.tokens import Verifier
from mlaas4hep.errors import ServiceUnavailableError, UnauthenticatedError
from mlaas4hep.settings import Settings
from tests.adapters.identity.issuers import ISSUER, good_claims


def test_keys_are_fetched_once_and_tokens_are_checked_once(verifier, issuer):
    header = issuer.header()

    assert verifier.person(header) is verifier.person(header)
    verifier.person(issuer.header(sub="bob"))
    assert issuer.asked == [f"{ISSUER}/jwks"]


def test_a_remembered_token_is_checked_again_after_a_minute(verifier, issuer, clock):
    header = issuer.header()
    first = verifier.person(header)
    clock.now += 61

    assert verifier.person(header) is not first


def test_a_token_is_not_remembered_beyond_its_end(verifier, issuer, clock):
    header = issuer.header(exp=int(time.time()) + 5)
    first = verifier.person(header)
    clock.now += 6

    assert verifier.person(header) is not first


def test_a_new_key_of_the_issuer_is_found_at_once(verifier, issuer, clock):
    verifier.person(issuer.header())
    clock.now += 11
    issuer.keys.append(SigningKey.new())

    assert verifier.person(issuer.header()).subject == "alice"
    assert len(issuer.asked) == 2


def test_unknown_keys_do_not_make_us_ask_the_issuer_again_and_again(verifier, issuer):
    verifier.person(issuer.header())
    stranger = SigningKey.new()
    for number in range(5):
        with pytest.raises(UnauthenticatedError, match="the issuer does not have") as said:
            verifier.person("Bearer " + stranger.sign(good_claims() | {"n": number}))
        assert "`mlaas4hep token --state FOLDER`" in said.value.problem.hint

    assert len(issuer.asked) == 1


def test_a_key_that_the_issuer_withdrew_stops_working_after_minutes(verifier, issuer, clock):
    header = issuer.header()
    verifier.person(header)
    issuer.keys = [SigningKey.new()]
    clock.now += 301

    with pytest.raises(UnauthenticatedError, match="the issuer does not have"):
        verifier.person(header)


def test_an_issuer_that_is_away_means_later_and_is_left_alone_for_a_moment(verifier, issuer):
    issuer.away = True
    for _ in range(3):
        with pytest.raises(ServiceUnavailableError):
            verifier.person(issuer.header())

    assert len(issuer.asked) == 1


def test_known_keys_go_on_working_while_the_issuer_is_away(verifier, issuer, clock):
    header = issuer.header()
    verifier.person(header)
    issuer.away = True
    clock.now += 400

    assert verifier.person(header).subject == "alice"


def test_the_keys_are_found_through_the_discovery_document(issuer, clock):
    settings = Settings(issuer=ISSUER, audience="mlaas")

    person = Verifier(settings, issuer.fetch, clock).person(issuer.header())

    assert person.subject == "alice"
    assert issuer.asked == [f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/jwks"]


def test_without_an_issuer_nobody_is_let_in(issuer, clock):
    with pytest.raises(UnauthenticatedError, match="MLAAS_ISSUER"):
        Verifier(Settings(), issuer.fetch, clock).person(issuer.header())
