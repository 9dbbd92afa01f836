"""Who you are at a deployment, and what you use there."""

from mlaas4hep.client.connections.moves import Asking
from mlaas4hep.client.methods import Operation
from mlaas4hep.client.nouns.calls import Calls
from mlaas4hep.core.runs.views import Deleted, Deployment, SignIn, Usage, WebhookSecret


class Account(Calls):
    """What people ask about themselves."""

    @Operation
    def usage(self) -> Asking[Usage]:
        """Return who you are here, what you use, and what you may use."""
        return self._call(Usage, "GET", "/me")

    @Operation
    def deployment(self) -> Asking[Deployment]:
        """Return what answers here, and which frameworks and formats it works with."""
        return self._call(Deployment, "GET", "/")

    @Operation
    def sign_in(self) -> Asking[SignIn]:
        """Return how a program in a terminal gets a token; that can be asked without one."""
        return self._call(SignIn, "GET", "/sign-in")

    @Operation
    def webhook(self) -> Asking[WebhookSecret]:
        """Return who may be told of a run's end, and the secret that signs it."""
        return self._call(WebhookSecret, "GET", "/me/webhook")

    @Operation
    def delete_cache(self) -> Asking[Deleted]:
        """Delete all your specs and chunks; the next run reads its files again."""
        return self._call(Deleted, "DELETE", "/specs")
