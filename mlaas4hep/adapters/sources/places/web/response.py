"""What the answer of a web server means; nothing that it says goes into a message."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

import urllib3
from urllib3.exceptions import NewConnectionError

from mlaas4hep.adapters.sources.places.place import Span, missing, shown
from mlaas4hep.errors import InvalidRequestError, MlaasError, ServiceUnavailableError

_NUMBER = r"([0-9]{1,18})"  #: more digits are no file's; Python refuses to read 5000 of them
_RANGE = re.compile(f"bytes {_NUMBER}-{_NUMBER}/{_NUMBER}")
_NO_RANGE = re.compile(rf"bytes \*/{_NUMBER}")
TOO_MANY = 429  #: of whoever asks, whatever they ask for
_TRY_AGAIN = frozenset({408, 425, TOO_MANY, 500, 502, 503, 504})
_LONGEST_S = 366 * 24 * 3600.0  #: that a server can want to be left alone
CREDENTIALS = (  #: a hint about s3://
    "an operator gives the key in MLAAS_DATA_S3_KEY_FILE; on your machine, AWS_ACCESS_KEY_ID"
    " and AWS_SECRET_ACCESS_KEY do"
)
_PAGE = re.compile(rb"\s*<(!doctype|html)", re.IGNORECASE)


class SilentError(ServiceUnavailableError):
    """A server says nothing, or too little: another question at once would wait as long again."""


class RestingError(ServiceUnavailableError):
    """A server was asked for another file, and wants to be left alone for a while."""

    def __init__(self, url: str, left_s: float) -> None:
        super().__init__(
            f"{shown(url)}: the server wants to be left alone for {left_s:.0f} s: too many files"
            " were asked of it",
            hint="restart the run when it is well again",
            retry_after_s=left_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Status and headers of an answer, and at most the bytes that were asked for."""

    url: str  #: as the person wrote it
    status: int
    headers: Mapping[str, str]  #: names in lower case
    data: bytes
    whole: bool  #: all bytes that the server sends were read

    @property
    def version(self) -> tuple[str, str]:
        """Return what changes when the file does, if the server tells it."""
        return self.headers.get("etag", ""), self.headers.get("last-modified", "")

    @property
    def retry_after_s(self) -> float | None:
        """Return how long the server wants to be left alone, if it says so: RFC 9110, 10.2.3."""
        text = self.headers.get("retry-after", "")
        if text.isascii() and text.isdigit():
            return min(float(text), _LONGEST_S)
        until = _date(text)
        if until is None:
            return None
        now = _date(self.headers.get("date", "")) or datetime.now(UTC)  # its clock may go wrong
        return min(max(0.0, (until - now).total_seconds()), _LONGEST_S)

    @property
    def length(self) -> int | None:
        """Return what the server says about the number of bytes in its answer."""
        text = self.headers.get("content-length", "")
        return int(text) if re.fullmatch(_NUMBER, text) else None

    @property
    def may_heal(self) -> bool:
        """Tell whether the same question may get a better answer later."""
        return self.status in _TRY_AGAIN

    def error(self) -> MlaasError:
        """Return the error that the status means."""
        who = f"{shown(self.url)}: the server"
        if self.status in (404, 410):
            return missing(self.url)
        if self.status in (401, 403, 407):
            anybody = "it is asked without a name or password; use a file that everybody may read"
            return InvalidRequestError(
                f"{who} refuses to give the file to this deployment: it answers {self.status}",
                hint=CREDENTIALS if self.url.startswith("s3://") else anybody,
            )
        if self.may_heal:
            asked_s = self.retry_after_s or 0.0
            wants = f" and wants to be left alone for {asked_s:.0f} s" if asked_s else ""
            return ServiceUnavailableError(
                f"{who} answers {self.status}{wants}",
                hint="restart the run when it is well again",
                retry_after_s=asked_s,
            )
        return InvalidRequestError(f"{who} answers {self.status}", hint="check the URL")

    def total(self, span: Span) -> int:
        """Return the size of the file whose bytes at `span` these are.

        Raises:
            InvalidRequestError: they are not.
        """
        told = _RANGE.fullmatch(self.headers.get("content-range", ""))
        if told is None or int(told[1]) != span[0] or int(told[2]) >= int(told[3]):
            raise self.nonsense("says of which bytes its answer is, or of how many, wrongly")
        if int(told[2]) + 1 != min(span[1], int(told[3])):
            raise self.nonsense("sends other bytes than were asked for")
        return int(told[3])

    def empty_total(self) -> int | None:
        """Return the size of a file that has no bytes where they were asked for."""
        told = _NO_RANGE.fullmatch(self.headers.get("content-range", ""))
        return int(told[1]) if told else None

    def check_kind(self) -> None:
        """Refuse what is no file.

        Raises:
            InvalidRequestError: it is a web page, or packed on its way.
        """
        if self.headers.get("content-type", "").startswith("text/html") and _PAGE.match(self.data):
            raise InvalidRequestError(
                f"{shown(self.url)}: the server gives a web page instead of a file",
                hint="is that the page that asks for a password? Use a file that all may read",
            )
        if self.headers.get("content-encoding", "identity") != "identity":
            raise self.nonsense("packs its answer, although it was asked not to")

    def nonsense(self, what: str) -> InvalidRequestError:
        """Return the error about a server that breaks the rules of HTTP."""
        return InvalidRequestError(
            f"{shown(self.url)}: the server {what}", hint="copy the file to another server"
        )


def _date(text: str) -> datetime | None:
    """Return the time that a header tells; None if it tells none."""
    try:
        told = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return told.replace(tzinfo=told.tzinfo or UTC)


def too_slow(url: str) -> SilentError:
    """Return the error about a file whose answers all come in time, and together too late."""
    return SilentError(
        f"{shown(url)}: the server sends this file too slowly to wait for it",
        hint="copy the file to a faster server, or restart the run when this one has less to do",
    )


def failure(url: str, error: Exception, *, answered: bool) -> MlaasError:
    """Return our error for one of urllib3's; only ServiceUnavailableError may heal."""
    who = f"{shown(url)}: the server"
    again = "check the name of the server; if it is right, restart the run when it is back"
    cause = error.args[-1] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return InvalidRequestError(
            f"{who} has no certificate that is trusted here", hint="check the name of the server"
        )
    if isinstance(error, NewConnectionError | urllib3.exceptions.SSLError):
        return ServiceUnavailableError(f"{who} does not answer: no connection", hint=again)
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
        return SilentError(f"{who} does not answer: it is silent", hint=again)
    if isinstance(cause, RemoteDisconnected) and not answered:
        return ServiceUnavailableError(f"{who} hangs up without an answer", hint=again)
    if isinstance(cause, HTTPException) and not isinstance(cause, IncompleteRead):
        return InvalidRequestError(f"{who} does not speak HTTP", hint="check URL and port")
    return ServiceUnavailableError(f"{who} hangs up in the middle of its answer", hint=again)
