"""Every way to know people and deliveries keeps what the ports promise."""

import time

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.adapters.identity.memory import MemoryDeliveries, MemoryPeople
from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.adapters.identity.table import IDENTITIES
from mlaas4hep.adapters.identity.tokens import DispatcherSigner, DispatcherVerifier, Verifier
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import UnauthenticatedError
from mlaas4hep.settings import Settings, SettingsError

ISSUER = "https://login.example.org"
BAD_HEADERS = (None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer nonsense", "Bearer a.b.c")


class PeopleContract:
    """What every `People` does; `token(name)` gives a token of somebody called so."""

    def test_who_sends_their_token_is_known(self):
        assert self.people.person(f"Bearer {self.token('alice')}").subject == "alice"

    def test_the_scheme_may_be_written_small(self):
        assert self.people.person(f"bearer {self.token('alice')}").subject == "alice"

    def test_two_people_are_two_owners(self):
        one, other = (self.people.person(f"Bearer {self.token(n)}") for n in ("alice", "bob"))

        assert one.owner != other.owner

    def test_two_tokens_of_a_person_are_one_owner(self):
        one, other = (self.people.person(f"Bearer {self.token('alice')}") for _ in range(2))

        assert one.owner == other.owner

    @pytest.mark.parametrize("header", BAD_HEADERS)
    def test_a_header_without_a_good_token_is_refused(self, header):
        with pytest.raises(UnauthenticatedError):
            self.people.person(header)


class TestMemoryPeople(PeopleContract):
    @pytest.fixture(autouse=True)
    def made(self):
        self.people = MemoryPeople()

    def token(self, name):
        return self.people.token(Person(owner=f"owner-{name}", subject=name))


class TestVerifier(PeopleContract):
    @pytest.fixture(autouse=True)
    def made(self):
        self.key = SigningKey.new()
        settings = Settings(issuer=ISSUER, audience="mlaas", jwks_url=f"{ISSUER}/jwks")
        self.people = Verifier(settings, lambda _url: {"keys": [self.key.jwk]})

    def token(self, name, **claims):
        good = {"iss": ISSUER, "aud": "mlaas", "sub": name, "exp": int(time.time()) + 600}
        return self.key.sign(good | claims)

    @pytest.mark.parametrize(
        "claims",
        [
            {"exp": 10**400},
            {"exp": 1e300},
            {"exp": True},
            {"sub": ""},
            {"sub": "half \ud800 a character"},
            {"groups": [f"group-{i}" for i in range(501)]},
            {"groups": ["g" * 257]},
        ],
        ids=lambda claims: next(iter(claims)),
    )
    def test_claims_that_no_issuer_makes_are_refused(self, claims):
        with pytest.raises(UnauthenticatedError):
            self.people.person(f"Bearer {self.token('alice', **claims)}")


class DeliveriesContract:
    """What every `Deliveries` does; `token(event_id)` gives a token that delivers one event."""

    def test_a_token_delivers_its_event(self):
        assert self.deliveries.event_id(f"Bearer {self.token('o/r/1/x')}") == "o/r/1/x"

    @pytest.mark.parametrize("header", BAD_HEADERS)
    def test_a_header_without_a_good_token_is_refused(self, header):
        with pytest.raises(UnauthenticatedError):
            self.deliveries.event_id(header)


class TestMemoryDeliveries(DeliveriesContract):
    @pytest.fixture(autouse=True)
    def made(self):
        self.deliveries = MemoryDeliveries("specs")

    def token(self, event_id):
        return self.deliveries.token(event_id)


class TestDispatcherVerifier(DeliveriesContract):
    @pytest.fixture(autouse=True)
    def made(self):
        self.signer, public = signer()
        self.deliveries = DispatcherVerifier(public, "specs")

    def token(self, event_id):
        return self.signer.token("specs", event_id)

    def test_a_token_for_another_function_is_refused(self):
        with pytest.raises(UnauthenticatedError, match="specs"):
            self.deliveries.event_id(f"Bearer {self.signer.token('train', 'o/r/1/x')}")


def signer():
    key = SigningKey.new()
    return DispatcherSigner(key.private_pem), key.public_pem


@pytest.mark.parametrize("scheme", [name for name in IDENTITIES if name])
def test_an_issuer_is_known_by_the_scheme_of_its_address(scheme):
    assert isinstance(bootstrap.people(Settings(issuer=f"{scheme}://a")), IDENTITIES[scheme])


def test_without_an_issuer_everybody_is_refused():
    with pytest.raises(UnauthenticatedError, match="MLAAS_ISSUER"):
        bootstrap.people(Settings(issuer="")).person("Bearer abc")


def test_an_issuer_of_another_kind_stops_the_start():
    with pytest.raises(SettingsError, match="ldap://x"):
        bootstrap.people(Settings(issuer="ldap://x"))
