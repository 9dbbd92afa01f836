"""Ed25519 keys and the tokens made with them; what checks tokens is in `tokens.py`."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM = "EdDSA"


@dataclass(frozen=True)
class SigningKey:
    """A private key; it prints as nothing, so that it cannot end in a log."""

    _key: Ed25519PrivateKey

    @classmethod
    def new(cls) -> Self:
        """Return a fresh key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: str) -> Self:
        """Return the key in a PKCS 8 PEM.

        Raises:
            ValueError: it is not an Ed25519 private key.
        """
        key = serialization.load_pem_private_key(pem.encode(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(  # noqa: TRY004 - the text is at fault, not the caller
                "the private key is not an Ed25519 key"
            )
        return cls(key)

    @property
    def private_pem(self) -> str:
        """The key itself, for a file that only its owner can read."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def public_pem(self) -> str:
        """What others need to check its signatures."""
        return (
            self._key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )

    @cached_property
    def kid(self) -> str:
        """A name for the key, computed from its public half."""
        return hashlib.sha256(self.public_pem.encode()).hexdigest()[:16]

    @property
    def jwk(self) -> dict[str, str]:
        """The public half as an entry of a JSON Web Key Set."""
        raw = self._key.public_key().public_bytes_raw()
        x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": x,
            "kid": self.kid,
            "use": "sig",
            "alg": ALGORITHM,
        }

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a JSON Web Token that says `claims`."""
        return jwt.encode(dict(claims), self._key, ALGORITHM, headers={"kid": self.kid})

    def __repr__(self) -> str:
        return "SigningKey(***)"
