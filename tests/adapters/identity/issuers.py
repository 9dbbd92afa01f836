"""An issuer of tokens in this process."""

import time

from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.settings import Settings

ISSUER = "https://login.example.org"


SETTINGS = Settings(issuer=ISSUER, audience="mlaas", jwks_url=f"{ISSUER}/jwks")


class Issuer:
    """An identity provider without a network; counts how often it is asked."""

    def __init__(self) -> None:
        self.keys = [SigningKey.new()]
        self.asked: list[str] = []
        self.away = False

    def fetch(self, url):
        self.asked.append(url)
        if self.away:
            raise ServiceUnavailableError("the issuer is away")
        if url.endswith("/.well-known/openid-configuration"):
            return {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"}
        return {"keys": [key.jwk for key in self.keys]}

    def header(self, **claims):
        return "Bearer " + self.keys[-1].sign(good_claims() | claims)


def good_claims():
    return {"iss": ISSUER, "aud": "mlaas", "sub": "alice", "exp": int(time.time()) + 600}
