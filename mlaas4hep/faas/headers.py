"""Headers that no function may be sent."""

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.faas.asgi import Scope


def check_headers(scope: Scope) -> None:
    """Refuse what two readers could read differently.

    Raises:
        InvalidRequestError: there are two Authorization headers.
    """
    if sum(name == b"authorization" for name, _ in scope["headers"]) > 1:
        raise InvalidRequestError("there are two Authorization headers", hint="send one")
