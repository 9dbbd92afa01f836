"""Headers that no function may be sent, and those that every answer has."""

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.faas.asgi import Scope

#: what people upload is never a page, whoever sends it back
ALWAYS = (("x-content-type-options", "nosniff"),)


def check_headers(scope: Scope) -> None:
    """Refuse what two readers could read differently.

    Raises:
        InvalidRequestError: there are two Authorization headers.
    """
    if sum(name == b"authorization" for name, _ in scope["headers"]) > 1:
        raise InvalidRequestError("there are two Authorization headers", hint="send one")
