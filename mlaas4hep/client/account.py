"""Who you are at a deployment, and what you use there."""

from mlaas4hep.client.calls import Calls
from mlaas4hep.core.runs.views import Deleted, Usage


class Account(Calls):
    """What people ask about themselves."""

    def usage(self) -> Usage:
        """Return who you are here, what you use, and what you may use."""
        return self._call(Usage, "GET", "/me")

    def delete_cache(self) -> Deleted:
        """Delete all your specs and chunks; the next run reads its files again."""
        return self._call(Deleted, "DELETE", "/specs")
