import pytest

from mlaas4hep.adapters.identity.tokens import Verifier
from mlaas4hep.errors import UnauthenticatedError
from mlaas4hep.laptop import issuer
from mlaas4hep.settings import Settings


def verifier(state):
    settings = Settings(
        issuer=issuer.ISSUER, audience=issuer.AUDIENCE, jwks_url="http://gateway/oidc/jwks"
    )
    return Verifier(settings, fetch=lambda _url: issuer.jwks(state))


def test_a_development_token_is_verified_like_any_other(tmp_path):
    token = issuer.token(tmp_path, "alice", groups=["mlaas-admins"])

    person = verifier(tmp_path).person(f"Bearer {token}")

    assert (person.subject, person.name, person.is_admin) == ("alice", "alice", True)


def test_a_person_stays_the_same_when_the_platform_starts_again(tmp_path):
    owners = {
        verifier(tmp_path).person(f"Bearer {issuer.token(tmp_path, 'alice')}").owner
        for _ in range(2)
    }

    assert len(owners) == 1


def test_tokens_of_one_folder_are_worth_nothing_in_another(tmp_path):
    token = issuer.token(tmp_path / "one", "alice")

    with pytest.raises(UnauthenticatedError):
        verifier(tmp_path / "two").person(f"Bearer {token}")


def test_a_token_ends(tmp_path):
    token = issuer.token(tmp_path, "alice", ttl_s=-60)

    with pytest.raises(UnauthenticatedError, match="expired"):
        verifier(tmp_path).person(f"Bearer {token}")


def test_the_key_is_made_once_and_kept_to_its_owner(tmp_path):
    first = issuer.signing_key(tmp_path).kid

    (path,) = tmp_path.glob("keys/*")
    assert issuer.signing_key(tmp_path).kid == first
    assert path.stat().st_mode & 0o077 == 0
