"""Control plane and node: etcd, the API server, controllers, containerd, kubelet, DNS."""

import shutil
import subprocess
from pathlib import Path

import yaml

from deploy.testbed import process
from deploy.testbed.cluster import containerd, keys, kubectl, network, processes
from deploy.testbed.containers import registry
from deploy.testbed.place import Place

_ETCD = "http://127.0.0.1:2379"
NODE = "node1"


def start(place: Place) -> None:
    """Start everything, and return when the node is ready."""
    network.up()
    _remember_others(place)
    control = (_etcd, _api_server, _controllers)
    for part in (*control, _registry, containerd.start, _kubelet, _proxy, _dns):
        part(place)
    process.wait(lambda: _is_ready(place), 90, NODE)


def stop(place: Place) -> None:
    """Stop everything, pods included, and remove what they left in the kernel."""
    processes.stop(place, "kubelet")  # or it would start the pods again
    containerd.end_pods(place)
    for name in ("proxy", "coredns"):
        processes.stop(place, name)
    containerd.stop(place)
    for name in ("registry", "scheduler", "controllers", "api-server", "etcd"):
        processes.stop(place, name)
    for mounted in _mounts(place.folder("cluster")):
        subprocess.run(["umount", "--lazy", mounted], check=False, capture_output=True)
    network.down(_others(place).read_text(encoding="utf-8").split())


def _others(place: Place) -> Path:
    """Return the file that names the pods' namespaces which are not ours."""
    file = place.folder("cluster") / "others"
    file.touch()
    return file


def _remember_others(place: Place) -> None:
    if not containerd.is_running(place):
        _others(place).write_text("\n".join(network.pods_namespaces()), encoding="utf-8")


def _etcd(place: Place) -> None:
    peer = "http://127.0.0.1:2380"
    processes.start(
        place, "etcd",
        ["etcd", "--data-dir", str(place.folder("cluster", "etcd")), "--name", "default"]
        + ["--listen-client-urls", _ETCD, "--advertise-client-urls", _ETCD]
        + ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        + ["--initial-cluster", f"default={peer}", "--unsafe-no-fsync"],
    )  # fmt: skip


def _api_server(place: Place) -> None:
    own = keys.folder(place)
    options = {
        "etcd-servers": _ETCD,
        "secure-port": keys.API_PORT,
        "bind-address": "0.0.0.0",  # noqa: S104 - of its own network namespace
        "advertise-address": network.NODE,
        "service-cluster-ip-range": network.SERVICES,
        "tls-cert-file": own / "api.crt",
        "tls-private-key-file": own / "api.key",
        "client-ca-file": own / "ca.crt",
        "token-auth-file": own / "tokens.csv",
        "authorization-mode": "Node,RBAC",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": own / "accounts.pub",
        "service-account-signing-key-file": own / "accounts.key",
        "allow-privileged": "true",
        "kubelet-preferred-address-types": "InternalIP",
        # For the API of metrics that KEDA serves behind this one.
        "requestheader-client-ca-file": own / "ca.crt",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": own / "front.crt",
        "proxy-client-key-file": own / "front.key",
        "enable-aggregator-routing": "true",
    }
    processes.start(
        place,
        "api-server",
        [place.program("kube-apiserver"), *processes.flags(options)],
        ready=lambda: kubectl.succeeds(place, "get", "--raw", "/readyz"),
    )


def _controllers(place: Place) -> None:
    own, config = keys.folder(place), keys.kubeconfig(place)
    options = {
        "kubeconfig": config,
        "service-account-private-key-file": own / "accounts.key",
        "root-ca-file": own / "ca.crt",
        "allocate-node-cidrs": "true",
        "cluster-cidr": network.PODS,
        "node-cidr-mask-size": 24,
        "service-cluster-ip-range": network.SERVICES,
        "leader-elect": "false",
        # Quicker than by default, so that a test sees a scaling within a minute.
        "horizontal-pod-autoscaler-sync-period": "5s",
        "horizontal-pod-autoscaler-downscale-stabilization": "10s",
    }
    processes.start(
        place, "controllers", [place.program("kube-controller-manager"), *processes.flags(options)]
    )
    options = {"kubeconfig": config, "leader-elect": "false"}
    processes.start(
        place, "scheduler", [place.program("kube-scheduler"), *processes.flags(options)]
    )


def _registry(place: Place) -> None:
    """Serve the testbed's images inside the namespace, too."""
    processes.start(place, "registry", registry.serving(place))


def _kubelet(place: Place) -> None:
    folder = place.folder("cluster", "kubelet")
    names = folder / "resolv.conf"
    names.write_text(f"nameserver {network.DNS}\n", encoding="utf-8")
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": "/",
        "failSwapOn": False,
        "failCgroupV1": False,
        "clusterDNS": [network.DNS],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{containerd.socket(place)}",
        "resolvConf": str(names),
        "evictionHard": {"memory.available": "200Mi"},
        "imageGCHighThresholdPercent": 100,
        # NATS and MinIO do not wait for the 2 GB of train.
        "serializeImagePulls": False,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    options = {
        "config": folder / "config.yaml",
        "kubeconfig": keys.kubeconfig(place),
        "hostname-override": NODE,
        "node-ip": network.NODE,
        "root-dir": folder / "root",
        "cert-dir": folder / "pki",
    }
    processes.start(place, "kubelet", [place.program("kubelet"), *processes.flags(options)])


def _proxy(place: Place) -> None:
    folder = place.folder("cluster", "kubelet")
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": str(keys.kubeconfig(place))},
        "clusterCIDR": network.PODS,
        "hostnameOverride": NODE,
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s"}
        | {"tcpCloseWaitTimeout": "0s"},
    }
    # A proxy that runs ends when its file is written, be it with the same words.
    if not processes.running(place, "proxy"):
        (folder / "proxy.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    processes.start(
        place, "proxy", [place.program("kube-proxy"), f"--config={folder / 'proxy.yaml'}"]
    )


def _dns(place: Place) -> None:
    file = place.folder("cluster", "coredns") / "Corefile"
    file.write_text(
        f"cluster.local in-addr.arpa {{\n  bind {network.DNS}\n  errors\n  cache 5\n"
        "  kubernetes cluster.local in-addr.arpa {\n"
        f"    kubeconfig {keys.kubeconfig(place)} c\n    pods insecure\n  }}\n}}\n"
        # Other names there are none: an answer, where an error would be asked again.
        f". {{\n  bind {network.DNS}\n  template ANY ANY {{\n    rcode NXDOMAIN\n  }}\n}}\n",
        encoding="utf-8",
    )
    processes.start(place, "coredns", [place.program("coredns"), "-conf", str(file)])


def _is_ready(place: Place) -> bool:
    if not kubectl.succeeds(place, "get", "node", NODE):
        return False
    query = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"
    return kubectl.run(place, "get", "node", NODE, "-o", query) == "True"


def _mounts(below: Path) -> list[str]:
    """Return what is mounted below a folder, the deepest first."""
    with Path("/proc/self/mounts").open(encoding="utf-8") as lines:
        points = [line.split()[1] for line in lines]
    return sorted((point for point in points if point.startswith(f"{below}/")), reverse=True)


def forget(place: Place) -> None:
    """Remove all that a stopped cluster left on the disk, but for images."""
    shutil.rmtree(place.root / "cluster", ignore_errors=True)
