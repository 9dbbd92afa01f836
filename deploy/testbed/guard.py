"""Ports that only this machine may reach, though their programs listen on all addresses.

OpenFaaS's gateway and provider take a port and no address. The gateway does not ask who calls a
function, so that nobody but the doors and the dispatcher may reach it.
"""

import subprocess

from deploy.testbed.place import Place

METRICS = 8082  #: the gateway's, which it takes as it is
_FILTERS = ("iptables", "ip6tables")


def close(place: Place) -> None:
    """Refuse connections to these ports that come from anywhere else; safe to repeat."""
    for command in _FILTERS:
        for rule in _rules(place):
            if not _done(command, "-C", rule):
                _done(command, "-I", rule)


def open_again(place: Place) -> None:
    """Remove the rules."""
    for command in _FILTERS:
        for rule in _rules(place):
            while _done(command, "-D", rule):
                pass


def _rules(place: Place) -> list[list[str]]:
    refused = ["-j", "REJECT", "--reject-with", "tcp-reset"]
    return [
        ["INPUT", "!", "-i", "lo", "-p", "tcp", "--dport", str(port), *refused]
        for port in (place.ports["gateway"], place.ports["provider"], METRICS)
    ]


def _done(command: str, what: str, rule: list[str]) -> bool:
    done = subprocess.run([command, "--wait", what, *rule], capture_output=True, check=False)
    return done.returncode == 0
