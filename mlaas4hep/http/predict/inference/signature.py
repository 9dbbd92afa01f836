"""`signature_name`: which of several ways into a model is meant."""

from typing import Any

from mlaas4hep.errors import InvalidRequestError


def signature_of(request: dict[str, Any]) -> str:
    """Return the signature that a request names; "": none."""
    signature = request.get("signature_name", "")
    if not isinstance(signature, str):
        raise InvalidRequestError(f"signature_name is {signature!r}, not a name")
    return signature
