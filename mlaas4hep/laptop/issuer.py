"""The development identity provider: whoever can read the state folder may be anybody.

The issuer is a constant and not the gateway's address, so that what a person owns stays theirs
when the port changes.
"""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mlaas4hep.adapters.identity.signing import ALGORITHM, SigningKey
from mlaas4hep.laptop.state import State

ISSUER = "urn:mlaas4hep:laptop"
AUDIENCE = "mlaas4hep"
DISCOVERY_PATH = "/.well-known/openid-configuration"
JWKS_PATH = "/oidc/jwks"
TTL_S = 24 * 3600


def signing_key(state_dir: Path) -> SigningKey:
    """Return the key of this state folder; the first call makes it."""
    state = State(state_dir)
    path = state.folder("keys") / "issuer.pem"
    if not path.exists():
        state.write_secret(path.name, SigningKey.new().private_pem)
    return SigningKey.from_pem(path.read_text(encoding="utf-8"))


def token(state_dir: Path, user: str, *, groups: Iterable[str] = (), ttl_s: int = TTL_S) -> str:
    """Return a token with which `user` can call the platform of this state folder."""
    now = int(time.time())
    return signing_key(state_dir).sign(
        {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user,
            "preferred_username": user,
            "groups": list(groups),
            "iat": now,
            "nbf": now,
            "exp": now + ttl_s,
        }
    )


def jwks(state_dir: Path) -> dict[str, Any]:
    """Return the JSON Web Key Set that checks these tokens."""
    return {"keys": [signing_key(state_dir).jwk]}


def discovery(base_url: str) -> dict[str, Any]:
    """Return the OpenID Connect discovery document, as far as there is something to discover."""
    return {
        "issuer": ISSUER,
        "jwks_uri": f"{base_url}{JWKS_PATH}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": ["iss", "aud", "sub", "exp", "groups", "preferred_username"],
    }
