"""Which addresses strangers may have us connect to: public ones, and what an operator lists."""

import ipaddress
from dataclasses import dataclass
from typing import Self

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_INTERNAL = (  #: though Python 3.11 calls them global; clouds tell their machines secrets at two
    ipaddress.IPv4Network("192.0.0.0/24"),
    ipaddress.IPv4Network("168.63.129.16/32"),
    ipaddress.IPv6Network("fec0::/10"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """What may be connected to; by default everything."""

    listed: tuple[Network, ...] | None = None  #: besides public addresses; None: all

    @classmethod
    def of(cls, text: str) -> Self:
        """Return what a setting lists: `10.1.0.0/16, fd00::/8`, or `*`.

        Raises:
            ValueError: a part is no network.
        """
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return cls(listed=None if "*" in parts else tuple(map(ipaddress.ip_network, parts)))

    def allow(self, address: str) -> bool:
        """Tell whether an address, as the system's resolver writes it, may be connected to."""
        if self.listed is None:
            return True
        plain = _plain(ipaddress.ip_address(address))
        return _is_public(plain) or any(plain in network for network in self.listed)


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
    if any(address in network for network in _INTERNAL):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )
