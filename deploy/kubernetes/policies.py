"""Tell who reaches whom, as the network policies of an overlay say; kustomize's output on stdin.

    kustomize build deploy/kubernetes/overlays/plain | python deploy/kubernetes/policies.py

Follows the rules of NetworkPolicy (networking.k8s.io/v1): a pod that no policy selects for a
direction is open in it; one that is selected may do what any of its policies allows. A connection
needs the leave of both ends.
"""

import ipaddress
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Policy = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a connection: pods with labels in a namespace, or an address outside."""

    name: str
    namespace: str = ""  #: empty: outside the cluster
    labels: dict[str, str] = field(default_factory=dict)
    address: str = ""  #: of an end outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port that an end listens on."""

    end: End
    port: int
    protocol: str = "TCP"


def allows(policies: Iterable[Policy], caller: End, listener: Listener) -> bool:
    """Tell whether `caller` may open a connection."""
    policies = list(policies)
    return _may(policies, "Egress", caller, listener.end, listener) and _may(
        policies, "Ingress", listener.end, caller, listener
    )


def _may(
    policies: list[Policy], direction: str, owner: End, other: End, listener: Listener
) -> bool:
    mine = [policy for policy in policies if _covers(policy, owner, direction)]
    rules = (rule for policy in mine for rule in policy["spec"].get(direction.lower(), []))
    return not mine or any(
        _port_matches(rule.get("ports"), listener)
        and _peer_matches(rule.get("to" if direction == "Egress" else "from"), owner, other)
        for rule in rules
    )


def _covers(policy: Policy, end: End, direction: str) -> bool:
    return (
        policy["metadata"]["namespace"] == end.namespace
        and direction in policy["spec"]["policyTypes"]
        and _selects(policy["spec"]["podSelector"], end.labels)
    )


def _port_matches(ports: list[dict[str, Any]] | None, listener: Listener) -> bool:
    return not ports or any(
        port.get("protocol", "TCP") == listener.protocol
        and port.get("port", listener.port) == listener.port
        for port in ports
    )


def _peer_matches(peers: list[dict[str, Any]] | None, owner: End, other: End) -> bool:
    return not peers or any(_is_peer(peer, owner, other) for peer in peers)


def _is_peer(peer: dict[str, Any], owner: End, other: End) -> bool:
    if "ipBlock" in peer:
        return bool(other.address) and _in_block(other.address, **peer["ipBlock"])
    if not other.namespace:
        return False
    named = {"kubernetes.io/metadata.name": other.namespace}
    there = (
        _selects(peer["namespaceSelector"], named)
        if "namespaceSelector" in peer
        else other.namespace == owner.namespace
    )
    return there and _selects(peer.get("podSelector", {}), other.labels)


def _in_block(address: str, cidr: str, **but: list[str]) -> bool:
    def inside(block: str) -> bool:
        return ipaddress.ip_address(address) in ipaddress.ip_network(block)

    return inside(cidr) and not any(inside(block) for block in but.get("except", []))


def _selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    exact = selector.get("matchLabels", {}).items() <= labels.items()
    return exact and all(
        labels.get(rule["key"]) in rule["values"]  # no rule of ours has another operator
        for rule in selector.get("matchExpressions", [])
    )


FUNCTIONS = ("specs", "chunk-preprocess", "train", "predict", "workflow")
WORLD = End(name="world", address="203.0.113.9")
ISSUER = End(name="issuer", address="192.0.2.1")
METADATA = End(name="169.254.169.254", address="169.254.169.254")
NODE_DNS = End(name="node's DNS", address="169.254.20.10")


def _ours(name: str, **labels: str) -> End:
    return End(name=name, namespace="mlaas", labels=labels or {"app": name})


PODS = (
    *(_ours(f"door-{door}", app="door", door=door) for door in ("workflow", "predict")),
    _ours("dispatcher"),
    _ours("nats"),
    _ours("minio"),
    _ours("xrootd-proxy"),
    *(
        End(name=name, namespace="openfaas-fn", labels={"faas_function": name})
        for name in FUNCTIONS
    ),
    End(name="gateway", namespace="openfaas", labels={"app": "gateway"}),
    End(name="keda", namespace="keda", labels={"app": "keda-operator"}),
    End(name="stranger", namespace="elsewhere", labels={"app": "door"}),
)
_PORTS = {"nats": (4222, 6222, 8222), "minio": (9000,), "xrootd-proxy": (1094,)} | {
    "door-workflow": (4433,),
    "door-predict": (8081,),
    "dispatcher": (9090,),
    "gateway": (8080,),
}
LISTENERS = (
    *(
        Listener(end=end, port=port)
        for end in PODS
        for port in _PORTS.get(end.name, (8080,) if end.name in FUNCTIONS else ())
    ),
    *(Listener(end=end, port=443) for end in (ISSUER, WORLD)),
    Listener(end=METADATA, port=80),
    Listener(end=NODE_DNS, port=53, protocol="UDP"),
)


def table(policies: Iterable[Policy]) -> Iterator[tuple[str, list[str]]]:
    """Give each caller with what it reaches, as `name:port`; no gateway where none is protected."""
    policies = list(policies)
    absent = {"openfaas"} - {policy["metadata"]["namespace"] for policy in policies}
    for caller in (end for end in (WORLD, *PODS) if end.namespace not in absent):
        others = (each for each in LISTENERS if each.end.namespace not in absent)
        yield (
            caller.name,
            [
                f"{listener.end.name}:{listener.port}"
                for listener in others
                if (caller.namespace or listener.end.namespace)
                and listener.end != caller
                and allows(policies, caller, listener)
            ],
        )


def main() -> int:
    """Print the table of the policies on standard input, in Markdown."""
    objects = [each for each in yaml.safe_load_all(sys.stdin) if each["kind"] == "NetworkPolicy"]
    sys.stdout.write("| who | reaches |\n|---|---|\n")
    for name, reached in table(objects):
        sys.stdout.write(f"| {name} | {', '.join(reached) or 'nobody'} |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
