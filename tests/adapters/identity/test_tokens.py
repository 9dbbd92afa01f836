import base64
import json
import math
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.adapters.identity.tokens import DispatcherSigner, DispatcherVerifier, Verifier
from mlaas4hep.core import keys
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import UnauthenticatedError
from tests.adapters.identity.issuers import ISSUER, SETTINGS, good_claims


def test_a_good_token_gives_the_person_with_name_and_groups(verifier, issuer):
    header = issuer.header(preferred_username="Alice", groups=["cms", "mlaas-admins"])

    person = verifier.person(header)

    assert person == Person(
        owner=keys.owner(ISSUER, "alice"),
        subject="alice",
        name="Alice",
        groups=("cms", "mlaas-admins"),
        is_admin=True,
    )


def test_a_single_group_may_come_as_a_text_and_other_kinds_count_as_none(verifier, issuer):
    assert verifier.person(issuer.header(groups="cms")).groups == ("cms",)
    assert verifier.person(issuer.header(groups={"cms": True})).groups == ()


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"exp": int(time.time()) - 60}, "expired"),
        ({"nbf": int(time.time()) + 86_400}, "not yet valid"),
        ({"aud": "others"}, "not meant for 'mlaas'"),
        ({"iss": "https://evil.example.org"}, "not of issuer"),
        ({"sub": 7}, "does not hold"),
        ({"exp": None}, "does not hold"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(verifier, issuer, claims, said):
    with pytest.raises(UnauthenticatedError, match=said):
        verifier.person(issuer.header(**claims))


def test_clocks_may_differ_by_half_a_minute(verifier, issuer):
    now = int(time.time())

    assert verifier.person(issuer.header(exp=now - 10, nbf=now + 10)).subject == "alice"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer nonsense",
        "Bearer a.b.c",
        "Bearer é.b.c",
    ],
)
def test_what_is_not_a_bearer_token_is_refused_with_a_hint(verifier, header):
    with pytest.raises(UnauthenticatedError) as caught:
        verifier.person(header)

    assert "Authorization: Bearer TOKEN" in caught.value.problem.hint


def _signed(issuer, header, payload):
    """Return a header with a token of the issuer's key, whatever its parts are."""
    parts = (base64.urlsafe_b64encode(each.encode()).rstrip(b"=") for each in (header, payload))
    text = b".".join(parts)
    proof = base64.urlsafe_b64encode(issuer.keys[0]._key.sign(text)).rstrip(b"=")
    return f"Bearer {(text + b'.' + proof).decode()}"


_DEEP = "[" * 4000 + "]" * 4000
_HEADERS = {
    "deep": lambda head: head[:-1] + f', "x": {_DEEP}}}',
    "long number": lambda head: head[:-1] + f', "x": {"9" * 5000}}}',
    "a list": lambda _: "[]",
    "nothing": lambda _: "",
    "algorithms": lambda head: head.replace('"EdDSA"', '["EdDSA"]'),
    "no algorithm": lambda head: head.replace('"EdDSA"', "null"),
    "none": lambda head: head.replace('"EdDSA"', '"nOnE"'),
    "half a letter": lambda head: head.replace('"EdDSA"', r'"\ud800"'),
    "keys": lambda head: head.replace('"kid"', '"kid": ["k"], "was"'),
    "a path": lambda head: head.replace('"kid"', '"kid": "../../etc/passwd", "was"'),
    "something critical": lambda head: head[:-1] + ', "crit": ["exp2"]}',
    "content apart": lambda head: head[:-1] + ', "b64": false, "crit": ["b64"]}',
}


@pytest.mark.parametrize("what", _HEADERS)
def test_odd_heads_of_tokens_are_refused_also_with_a_good_signature(verifier, issuer, what):
    head = json.dumps({"alg": "EdDSA", "kid": issuer.keys[0].kid})

    with pytest.raises(UnauthenticatedError):
        verifier.person(_signed(issuer, _HEADERS[what](head), json.dumps(good_claims())))


def test_keys_and_addresses_that_a_token_brings_along_are_not_looked_at(verifier, issuer):
    foreign = ec.generate_private_key(ec.SECP256R1())
    brought = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(foreign.public_key()))
    more = {"jwk": brought, "jku": "https://evil.example/keys", "x5u": "https://evil.example"}
    token = jwt.encode(good_claims(), foreign, "ES256", headers={"kid": issuer.keys[0].kid, **more})

    with pytest.raises(UnauthenticatedError):
        verifier.person(f"Bearer {token}")
    assert not any("evil" in url for url in issuer.asked)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": math.inf},
        {"exp": math.nan},
        {"exp": 10**400},
        {"exp": True},
        {"exp": [1]},
        {"exp": "1"},
        {"nbf": math.inf},
        {"nbf": math.nan},
        {"nbf": []},
        {"iat": 10**400},
        {"iat": math.inf},
        {"aud": []},
        {"aud": {"mlaas": 1}},
        {"aud": [["mlaas"]]},
        {"aud": ["others"]},
        {"aud": None},
        {"iss": None},
        {"iss": []},
        {"sub": ""},
        {"sub": None},
        {"sub": ["alice"]},
        {"sub": "\ud800"},
        {"groups": [f"g{number}" for number in range(501)]},
    ],
    ids=ascii,
)
def test_claims_of_odd_kinds_are_refused_and_end_nothing(verifier, issuer, claims):
    payload = json.dumps(good_claims() | claims)
    head = json.dumps({"alg": "EdDSA", "kid": issuer.keys[0].kid})

    with pytest.raises(UnauthenticatedError):
        verifier.person(_signed(issuer, head, payload))


def test_a_token_for_several_audiences_and_with_parts_of_seconds_is_good(verifier, issuer):
    claims = good_claims()
    claims |= {"aud": ["others", claims["aud"]], "exp": claims["exp"] + 0.5}
    head = json.dumps({"alg": "EdDSA", "kid": issuer.keys[0].kid})

    assert verifier.person(_signed(issuer, head, json.dumps(claims))).subject == "alice"


def test_a_tampered_token_is_refused(verifier, issuer):
    head, _, signature = issuer.header().partition(" ")[2].split(".")
    forged = jwt.encode(good_claims() | {"sub": "bob"}, "k" * 32, "HS256").split(".")[1]

    with pytest.raises(UnauthenticatedError, match="Signature verification failed"):
        verifier.person(f"Bearer {head}.{forged}.{signature}")


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_shared_secrets_and_unsigned_tokens_are_refused_before_any_key_is_asked_for(
    verifier, issuer, algorithm
):
    secret = issuer.keys[0].jwk["x"] if algorithm == "HS256" else None
    token = jwt.encode(good_claims(), secret, algorithm, headers={"kid": issuer.keys[0].kid})

    with pytest.raises(UnauthenticatedError, match=algorithm):
        verifier.person(f"Bearer {token}")
    assert issuer.asked == []


@pytest.mark.parametrize(
    ("algorithm", "private"),
    [
        ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
    ],
)
def test_the_usual_algorithms_of_identity_providers_work(clock, algorithm, private):
    kind = jwt.get_algorithm_by_name(algorithm)
    entry = kind.to_jwk(private.public_key(), as_dict=True) | {"kid": "k1", "alg": algorithm}
    verifier = Verifier(SETTINGS, lambda _url: {"keys": [entry]}, clock)
    token = jwt.encode(good_claims(), private, algorithm, headers={"kid": "k1"})

    assert verifier.person(f"Bearer {token}").subject == "alice"


KEY = SigningKey.new()
DAY_S = 86400  #: tokens are signed when the tests are collected, and their turn may come late


def test_the_dispatchers_token_names_the_event_it_may_deliver():
    token = DispatcherSigner(KEY.private_pem).token("train", "o/r/1/chunk.ready")

    verified = DispatcherVerifier(KEY.public_pem, "train").event_id(f"Bearer {token}")

    assert verified == "o/r/1/chunk.ready"


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (DispatcherSigner(KEY.private_pem).token("specs", "e", DAY_S), "not meant for 'train'"),
        (DispatcherSigner(KEY.private_pem).token("train", "e", -60), "expired"),
        (DispatcherSigner(SigningKey.new().private_pem).token("train", "e", DAY_S), "Signature"),
        (KEY.sign({"sub": "bob", "aud": "train", "evt": "e", "exp": 4e9}), "of 'bob'"),
        (KEY.sign({"sub": "dispatcher", "aud": "train", "exp": 4e9}), "evt"),
    ],
)
def test_a_token_of_somebody_else_or_for_something_else_is_refused(token, said):
    with pytest.raises(UnauthenticatedError, match=said):
        DispatcherVerifier(KEY.public_pem, "train").event_id(f"Bearer {token}")


def test_a_signing_key_never_prints_itself():
    assert repr(KEY) == "SigningKey(***)"
