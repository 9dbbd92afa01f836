"""What went wrong with a file of an XRootD server, as our errors say it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mlaas4hep.adapters.sources.places.place import missing, shown
from mlaas4hep.adapters.sources.places.xrootd.connection import GoneError, RefusedError
from mlaas4hep.adapters.sources.reason import first_line
from mlaas4hep.errors import InvalidRequestError, MlaasError, ServiceUnavailableError

_GONE, _FOLDER = 3011, 3016  #: kXR_NotFound, kXR_isDirectory
_SERVER_SAYS_NO = 400  #: XrdCl's errErrorResponse: the server answered, with an error
_NOT_TRUSTED = {  #: XrdCl's errTlsError and errAuthFailed: waiting does not help
    110: (
        "no safe connection",
        "its certificate is of no authority that this deployment trusts, or not for this name",
    ),
    204: (
        "it wants to know who asks",
        "this deployment has no credentials that it takes (a grid proxy, a token): its operator may add some",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Turns what happens while a server is asked about a URL into our errors."""

    url: str
    is_there: bool  #: the server knows the file: what it says of it later may heal

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise our errors instead.

        Raises:
            InvalidRequestError: there is no such file, or the server refuses to give it.
            ServiceUnavailableError: the server does not answer, or not in a way that makes sense.
        """
        try:
            yield
        except RefusedError as error:
            raise self._refused(error) from error
        except GoneError as error:
            raise ServiceUnavailableError(
                f"{shown(self.url)}: the server does not answer: {first_line(error)}",
                hint="it may send without end, or there may be too little memory here",
            ) from error

    def _refused(self, error: RefusedError) -> MlaasError:
        reason = first_line(error).replace(self.url, shown(self.url))
        if error.is_elsewhere:
            return InvalidRequestError(f"{shown(self.url)} must be one server and one path")
        if error.errno == _FOLDER and error.code == _SERVER_SAYS_NO:
            return folder(self.url)
        if error.errno == _GONE and error.code == _SERVER_SAYS_NO and not self.is_there:
            return missing(self.url)
        if error.code in _NOT_TRUSTED and not self.is_there:
            what, hint = _NOT_TRUSTED[error.code]
            return InvalidRequestError(f"{shown(self.url)}: {what}: {reason}", hint=hint)
        if self.is_there or error.code != _SERVER_SAYS_NO:
            return ServiceUnavailableError(
                f"{shown(self.url)}: the server does not answer: {reason}",
                hint="check the name of the server; if it is right, restart the run when it is back",
            )
        return InvalidRequestError(f"{shown(self.url)}: {reason}")


def folder(url: str) -> InvalidRequestError:
    """Return the error about a folder that is named as if it were a file."""
    asks = "behind ? stands what the server is told (?authz=…); write * in patterns"
    return InvalidRequestError(
        f"{shown(url)} is a folder, not a file", hint=asks if "?" in url else "its files: …/*.root"
    )
