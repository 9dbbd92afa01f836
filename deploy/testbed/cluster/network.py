"""The cluster's network namespace, joined to this machine by one cable.

Everything of the cluster listens in there; this machine reaches it, its Services and its pods by
routes, and nobody else does.
"""

from collections.abc import Collection
from pathlib import Path

from deploy import command

NAME = "mlaas-cluster"
HERE, NODE = "10.64.0.1", "10.64.0.2"  #: the cable's ends: this machine, the node
SERVICES, PODS = "10.96.0.0/16", "10.244.0.0/24"
DNS = NODE
_CABLE = ("mlaas-c0", "mlaas-c1")


def inside(words: list[str]) -> list[str]:
    """Return the command that runs `words` in the namespace.

    Not `ip netns exec`: that mounts /sys anew and hides the cgroups from kubelet.
    """
    return ["nsenter", f"--net=/run/netns/{NAME}", *words]


def up() -> None:
    """Make the namespace, the cable and the routes, unless they are there."""
    if Path("/run/netns", NAME).exists():
        return
    here, there = _CABLE
    for line in (
        f"ip netns add {NAME}",
        f"ip link add {here} type veth peer name {there} netns {NAME}",
        f"ip addr add {HERE}/30 dev {here}",
        f"ip link set {here} up",
        f"ip -n {NAME} addr add {NODE}/30 dev {there}",
        f"ip -n {NAME} link set {there} up",
        f"ip -n {NAME} link set lo up",
        f"ip -n {NAME} route add default via {HERE}",
        f"ip route add {SERVICES} via {NODE}",
        f"ip route add {PODS} via {NODE}",
    ):
        command.output(line.split())
    for setting in ("net.ipv4.ip_forward=1", "net.bridge.bridge-nf-call-iptables=1"):
        command.output(inside(["sysctl", "-qw", setting]))


def down(before: Collection[str] = ()) -> None:
    """Remove all of it; the cable goes with the namespace, the routes with the cable.

    Args:
        before: the pods' namespaces that there were before ours, which stay.
    """
    for name in pods_namespaces() - set(before):
        command.output(["ip", "netns", "delete", name])
    if Path("/run/netns", NAME).exists():
        command.output(["ip", "netns", "delete", NAME])


def pods_namespaces() -> set[str]:
    """Return the namespaces that the network plugins made for pods, whoever's."""
    return {path.name for path in Path("/run/netns").glob("cni-*")}
