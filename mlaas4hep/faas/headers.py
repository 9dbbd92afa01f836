"""Headers that no function may be sent, and those that every answer has."""

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.faas.asgi import Scope

#: What people upload is never a page, whoever sends it back; and nothing is framed by another site.
#: A page's own policy stands beside this one, and browsers keep both.
ALWAYS = (
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "frame-ancestors 'self'"),
)


def check_headers(scope: Scope) -> None:
    """Refuse what two readers could read differently.

    Raises:
        InvalidRequestError: there are two Authorization headers.
    """
    if sum(name == b"authorization" for name, _ in scope["headers"]) > 1:
        raise InvalidRequestError("there are two Authorization headers", hint="send one")
