"""Which servers input files may come from: their names, schemes, and addresses once resolved."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from mlaas4hep.adapters.networks import Networks
from mlaas4hep.adapters.sources.places.s3access import S3Access
from mlaas4hep.core.requests.inputs.secrets import without_secrets
from mlaas4hep.core.requests.inputs.servers import Server, server
from mlaas4hep.errors import ForbiddenError, InvalidRequestError, ServiceUnavailableError


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host.

    Raises:
        InvalidRequestError: there is no such host.
        ServiceUnavailableError: nobody can tell now.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise ServiceUnavailableError(
                f"the name of {host!r} cannot be looked up now"
            ) from error
        raise InvalidRequestError(
            f"there is no server {host!r}", hint="check how its name is written"
        ) from error
    except UnicodeError as error:
        raise InvalidRequestError(f"{host!r} is not the name of a server") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPolicy:
    """What this deployment reads from; the default is what a person may on their own machine."""

    hosts: tuple[str, ...] = ("*",)  #: globs
    networks: Networks = Networks()
    plain_http: bool = True
    own: tuple[Server, ...] = ()  #: this deployment's, wherever they are; not all of their ports
    s3: S3Access | None = None  #: where s3:// is
    datasets: str = ""  #: the command or URL that knows the files of data sets
    resolve: Callable[[str, int], list[str]] = resolve

    @classmethod
    def of(
        cls, hosts: str, networks: str, *, plain_http: bool, own: tuple[Server, ...] = ()
    ) -> "ServerPolicy":
        """Return the policy that settings tell.

        Raises:
            ValueError: one of the networks is none.
        """
        return cls(
            hosts=tuple(part.strip().lower() for part in hosts.split(",") if part.strip()),
            networks=Networks.of(networks),
            plain_http=plain_http,
            own=own,
        )

    def check_url(self, url: str) -> None:
        """Refuse servers and schemes that are not allowed.

        Raises:
            ForbiddenError: so it is.
            InvalidRequestError: which server it is depends on who reads it.
        """
        parts = urlsplit(url)
        if parts.scheme == "dataset":
            return  # its files are looked at one by one
        if parts.scheme == "s3":
            self._check_bucket(url, parts.netloc)
            return
        host, port = server(url)
        known = (host, port) in self.own
        if not known and not any(fnmatchcase(host, glob) for glob in self.hosts):
            raise ForbiddenError(f"{without_secrets(url)!r}: files may not come from {host!r}")
        if parts.scheme == "http" and not self.plain_http:
            raise ForbiddenError(
                f"{without_secrets(url)!r}: http:// is not read here", hint="use https://"
            )

    def _check_bucket(self, url: str, bucket: str) -> None:
        if self.s3 is None:
            return  # the place says so
        known = any(fnmatchcase(bucket, glob) for glob in self.s3.buckets)
        if not known or bucket in self.s3.never:
            raise ForbiddenError(
                f"{without_secrets(url)!r}: files may not come from bucket {bucket!r}"
            )

    def addresses(self, host: str, port: int) -> Iterator[str]:
        """Yield the addresses of a host that may be connected to.

        Raises:
            InvalidRequestError: there is no such host.
            ForbiddenError: it has addresses, but none that is allowed.
            ServiceUnavailableError: nobody can tell now.
        """
        found = self.resolve(host, port)
        allowed = [each for each in found if self._allows(host, port, each)]
        if not allowed:
            raise _internal(host)
        yield from allowed

    def check_server(self, host: str, port: int) -> None:
        """Refuse a host of which any address is not allowed, for who looks it up by itself.

        Raises:
            InvalidRequestError, ForbiddenError, ServiceUnavailableError: see `addresses`.
        """
        if not all(self._allows(host, port, each) for each in self.resolve(host, port)):
            raise _internal(host)

    def _allows(self, host: str, port: int, address: str) -> bool:
        return (host.lower(), port) in self.own or self.networks.allow(address)


def _internal(host: str) -> ForbiddenError:
    return ForbiddenError(
        f"files may not come from {host!r}: it is a machine of an internal network",
        hint="an operator can allow its network in MLAAS_REMOTE_NETWORKS",
    )
