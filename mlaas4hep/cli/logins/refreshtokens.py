"""Refresh tokens: in the keyring of the desktop if there is one (`mlaas4hep[keyring]`)."""

from contextlib import suppress
from typing import Any

_SERVICE = "mlaas4hep"


def keep(endpoint: str, token: str) -> bool:
    """Put a token into the keyring, and tell whether it is really there."""
    ring = _keyring()
    if ring is None:
        return False
    with suppress(ring.errors.KeyringError, RuntimeError):
        ring.set_password(_SERVICE, endpoint, token)
        return bool(ring.get_password(_SERVICE, endpoint) == token)
    return False


def find(endpoint: str) -> str:
    """Return the token of an endpoint; empty if the keyring has none."""
    ring = _keyring()
    if ring is not None:
        with suppress(ring.errors.KeyringError, RuntimeError):
            return ring.get_password(_SERVICE, endpoint) or ""
    return ""


def forget(endpoint: str) -> None:
    """Remove the token of an endpoint."""
    ring = _keyring()
    if ring is not None:
        with suppress(ring.errors.KeyringError, RuntimeError):
            ring.delete_password(_SERVICE, endpoint)


def _keyring() -> Any:
    try:
        import keyring  # noqa: PLC0415 - slow to load, and not everybody has it
        import keyring.errors  # noqa: PLC0415
    except ModuleNotFoundError:
        return None
    return keyring
