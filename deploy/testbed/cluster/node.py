"""Control plane and node: etcd, the API server, controllers, containerd, kubelet, DNS."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from deploy.testbed import process
from deploy.testbed.cluster import keys, kubectl, network
from deploy.testbed.place import Place

_ETCD = "http://127.0.0.1:2379"
NODE = "node1"
PREFIX = "cluster-"  #: of the processes' names, so that they are told from the platform's


def start(place: Place) -> None:
    """Start everything, and return when the node is ready."""
    network.up()
    _remember_others(place)
    for part in (_etcd, _api_server, _controllers, _registry, _containerd, _kubelet, _dns):
        part(place)
    process.wait(lambda: _is_ready(place), 90, NODE)


def stop(place: Place) -> None:
    """Stop everything, pods included, and remove what they left in the kernel."""
    _end_pods(place)
    names = (
        "kubelet", "proxy", "coredns", "containerd", "registry", "scheduler", "controllers",
        "api-server", "etcd",
    )  # fmt: skip
    for name in names:
        process.stop(place, PREFIX + name)
    _end_shims(place)
    for mounted in _mounts(place.folder("cluster")):
        subprocess.run(["umount", "--lazy", mounted], check=False, capture_output=True)
    network.down(_others(place).read_text(encoding="utf-8").split())


def _others(place: Place) -> Path:
    """Return the file that names the pods' namespaces which are not ours."""
    file = place.folder("cluster") / "others"
    file.touch()
    return file


def _remember_others(place: Place) -> None:
    if not process.running(place, f"{PREFIX}containerd"):
        _others(place).write_text("\n".join(network.pods_namespaces()), encoding="utf-8")


def _run(
    place: Place,
    name: str,
    command: list[str],
    ready: Callable[[], bool] = lambda: True,
    **env: str,
) -> None:
    process.start(place, PREFIX + name, network.inside(command), ready=ready, env=env)


def _etcd(place: Place) -> None:
    peer = "http://127.0.0.1:2380"
    _run(
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
    _run(
        place,
        "api-server",
        [place.program("kube-apiserver"), *_flags(options)],
        ready=lambda: kubectl.succeeds(place, "get", "--raw", "/readyz"),
    )


def _flags(options: dict[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in options.items()]


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
    _run(place, "controllers", [place.program("kube-controller-manager"), *_flags(options)])
    options = {"kubeconfig": config, "leader-elect": "false"}
    _run(place, "scheduler", [place.program("kube-scheduler"), *_flags(options)])


def _registry(place: Place) -> None:
    """Serve the testbed's images inside the namespace, too."""
    config = place.folder("cluster", "registry") / "config.yml"
    config.write_text(
        "version: 0.1\nlog: {level: warn}\n"
        f"storage: {{filesystem: {{rootdirectory: {place.cached('registry')}}}}}\n"
        f"http: {{addr: '127.0.0.1:{place.ports['registry']}'}}\n",
        encoding="utf-8",
    )
    _run(place, "registry", ["docker-registry", "serve", str(config)])


def _containerd(place: Place) -> None:
    folder = place.folder("cluster", "containerd")
    plugins = place.folder("cluster", "cni")
    (plugins / "10-pods.conflist").write_text(_PODS_NETWORK, encoding="utf-8")
    runc = {"runtime_type": "io.containerd.runc.v2", "options": {"SystemdCgroup": False}}
    cri = {
        "sandbox_image": f"localhost:{place.ports['registry']}/pause:1",
        # Without CAP_SYS_RESOURCE a negative oom_score_adj is refused, and runc dies of it.
        "restrict_oom_score_adj": True,
        "cni": {"bin_dir": "/usr/lib/cni", "conf_dir": str(plugins)},
        "containerd": {"runtimes": {"runc": runc}},
    }
    config = {
        "version": 2,
        "root": str(place.cached("cluster-containerd")),
        "state": str(folder / "state"),
        "grpc": {"address": str(socket(place))},
        "plugins": {"io.containerd.grpc.v1.cri": cri},
    }
    (folder / "config.toml").write_text(_toml(config), encoding="utf-8")
    _run(
        place,
        "containerd",
        ["containerd", "--config", str(folder / "config.toml")],
        ready=socket(place).exists,
    )


def socket(place: Place) -> Path:
    """Return where the cluster's containerd listens."""
    return place.folder("cluster", "containerd") / "containerd.sock"


_PODS_NETWORK = f"""{{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {{"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
    "ipam": {{"type": "host-local", "ranges": [[{{"subnet": "{network.PODS}"}}]],
             "routes": [{{"dst": "0.0.0.0/0"}}]}}}},
  {{"type": "portmap", "capabilities": {{"portMappings": true}}}}]}}
"""


def _toml(table: dict[str, Any], prefix: str = "") -> str:
    """Write nested tables; enough for containerd's configuration."""
    own = [
        f"{key} = {_value(value)}" for key, value in table.items() if not isinstance(value, dict)
    ]
    text = (f"[{prefix}]\n" if prefix else "") + "\n".join(own) + "\n"
    for key, value in table.items():
        if isinstance(value, dict):
            text += _toml(value, f'{prefix}."{key}"' if prefix else f'"{key}"')
    return text


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


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
        "containerRuntimeEndpoint": f"unix://{socket(place)}",
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
    _run(place, "kubelet", [place.program("kubelet"), *_flags(options)])
    proxy = {
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
    if not process.running(place, PREFIX + "proxy"):
        (folder / "proxy.yaml").write_text(yaml.safe_dump(proxy), encoding="utf-8")
    _run(place, "proxy", [place.program("kube-proxy"), f"--config={folder / 'proxy.yaml'}"])


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
    _run(place, "coredns", [place.program("coredns"), "-conf", str(file)])


def _is_ready(place: Place) -> bool:
    if not kubectl.succeeds(place, "get", "node", NODE):
        return False
    query = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"
    return kubectl.run(place, "get", "node", NODE, "-o", query) == "True"


def _end_pods(place: Place) -> None:
    """End every pod's processes: they are containerd's shims' children, not ours."""
    if not socket(place).exists() or not process.running(place, PREFIX + "containerd"):
        return
    process.stop(place, PREFIX + "kubelet")  # or it would start them again
    ctr = _ctr(place)
    said = subprocess.run([*ctr, "tasks", "ls", "-q"], capture_output=True, text=True, check=False)
    for task in said.stdout.split():
        subprocess.run([*ctr, "tasks", "delete", "--force", task], capture_output=True, check=False)


def _ctr(place: Place) -> list[str]:
    return ["ctr", "--address", str(socket(place)), "--namespace", "k8s.io"]


def _end_shims(place: Place) -> None:
    subprocess.run(
        ["pkill", "--full", f"containerd-shim.*{socket(place)}"], check=False, capture_output=True
    )


def _mounts(below: Path) -> list[str]:
    """Return what is mounted below a folder, the deepest first."""
    with Path("/proc/self/mounts").open(encoding="utf-8") as lines:
        points = [line.split()[1] for line in lines]
    return sorted((point for point in points if point.startswith(f"{below}/")), reverse=True)


def forget_images(place: Place, wanted: str) -> None:
    """Remove images of earlier builds: those that have no tag, and no digest in `wanted`."""
    said = subprocess.run(
        [*_ctr(place), "images", "ls"], capture_output=True, text=True, check=True
    )
    names = [(line.split()[0], line.split()[2]) for line in said.stdout.splitlines()[1:]]
    tagged = {digest for name, digest in names if not re.search(r"sha256:\w+$", name)}
    old = [name for name, digest in names if digest not in tagged and digest not in wanted]
    if old:
        subprocess.run([*_ctr(place), "images", "rm", *old], check=True, capture_output=True)


def forget(place: Place) -> None:
    """Remove all that a stopped cluster left on the disk, but for images."""
    shutil.rmtree(place.root / "cluster", ignore_errors=True)
