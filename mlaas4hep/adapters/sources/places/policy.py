"""Which servers input files may come from: their names, schemes, and addresses once resolved."""

import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from mlaas4hep.adapters.sources.places.s3access import S3Access
from mlaas4hep.core.requests.inputs.secrets import without_secrets
from mlaas4hep.errors import ForbiddenError, InvalidRequestError, ServiceUnavailableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NEVER = (ipaddress.IPv6Network("64:ff9b:1::/48"), ipaddress.IPv6Network("::/96"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPolicy:
    """What this deployment reads from; the default is what a person may on their own machine."""

    hosts: tuple[str, ...] = ("*",)  #: globs
    networks: tuple[Network, ...] | None = None  #: allowed besides public ones; None: all
    plain_http: bool = True
    own: tuple[str, ...] = ()  #: hosts of this deployment, wherever they are
    s3: S3Access | None = None  #: where s3:// is
    datasets: str = ""  #: the command or URL that knows the files of data sets

    @classmethod
    def of(
        cls, hosts: str, networks: str, *, plain_http: bool, own: tuple[str, ...] = ()
    ) -> "ServerPolicy":
        """Return the policy that settings tell; `*` as networks allows all.

        Raises:
            ValueError: one of the networks is none.
        """
        listed = [part.strip() for part in networks.split(",") if part.strip()]
        return cls(
            hosts=tuple(part.strip().lower() for part in hosts.split(",") if part.strip()),
            networks=None if "*" in listed else tuple(map(ipaddress.ip_network, listed)),
            plain_http=plain_http,
            own=tuple(host.lower() for host in own),
        )

    def check_url(self, url: str) -> None:
        """Refuse servers and schemes that are not allowed.

        Raises:
            ForbiddenError: so it is.
        """
        parts = urlsplit(url)
        if parts.scheme == "dataset":
            return  # its files are looked at one by one
        if parts.scheme == "s3":
            self._check_bucket(url, parts.netloc)
            return
        host = (parts.hostname or "").lower()
        if host not in self.own and not any(fnmatchcase(host, glob) for glob in self.hosts):
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

    def allows(self, address: Address) -> bool:
        """Tell whether an address may be connected to."""
        if self.networks is None:
            return True
        plain = _plain(address)
        return _is_public(plain) or any(plain in network for network in self.networks)

    def addresses(self, host: str, port: int) -> Iterator[str]:
        """Yield the addresses of a host that may be connected to.

        Raises:
            InvalidRequestError: there is no such host.
            ForbiddenError: it has addresses, but none that is allowed.
            ServiceUnavailableError: nobody can tell now.
        """
        found = _resolved(host, port)
        known = host.lower() in self.own
        allowed = [each for each in found if known or self.allows(ipaddress.ip_address(each))]
        if not allowed:
            raise ForbiddenError(
                f"files may not come from {host!r}: it is a machine of an internal network",
                hint="an operator can allow its network in MLAAS_REMOTE_NETWORKS",
            )
        yield from allowed


def _resolved(host: str, port: int) -> list[str]:
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


def _plain(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 one, if there is one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    if any(address in network for network in _NEVER):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )
