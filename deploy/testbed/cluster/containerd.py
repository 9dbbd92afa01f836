"""The cluster's containerd: its configuration, the pods that it runs, the images that it keeps."""

import re
import subprocess
from pathlib import Path
from typing import Any

from deploy import command
from deploy.testbed.cluster import network, processes
from deploy.testbed.place import Place

_NAME = "containerd"
_PODS_NETWORK = f"""{{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {{"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
    "ipam": {{"type": "host-local", "ranges": [[{{"subnet": "{network.PODS}"}}]],
             "routes": [{{"dst": "0.0.0.0/0"}}]}}}},
  {{"type": "portmap", "capabilities": {{"portMappings": true}}}}]}}
"""


def start(place: Place) -> None:
    """Start it, and return when it listens."""
    file = place.folder("cluster", "containerd") / "config.toml"
    file.write_text(_toml(_config(place)), encoding="utf-8")
    processes.start(place, _NAME, ["containerd", "--config", str(file)], ready=socket(place).exists)


def _config(place: Place) -> dict[str, Any]:
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
    return {
        "version": 2,
        "root": str(place.cached("cluster-containerd")),
        "state": str(place.folder("cluster", "containerd") / "state"),
        "grpc": {"address": str(socket(place))},
        "plugins": {"io.containerd.grpc.v1.cri": cri},
    }


def is_running(place: Place) -> bool:
    """Tell whether it is alive."""
    return processes.running(place, _NAME)


def socket(place: Place) -> Path:
    """Return where the cluster's containerd listens."""
    return place.folder("cluster", "containerd") / "containerd.sock"


def end_pods(place: Place) -> None:
    """End every pod's processes: they are children of containerd's shims, not ours."""
    if not socket(place).exists() or not is_running(place):
        return
    ctr = _ctr(place)
    said = subprocess.run([*ctr, "tasks", "ls", "-q"], capture_output=True, text=True, check=False)
    for task in said.stdout.split():
        subprocess.run([*ctr, "tasks", "delete", "--force", task], capture_output=True, check=False)


def stop(place: Place) -> None:
    """End it, and the shims that outlive it."""
    processes.stop(place, _NAME)
    subprocess.run(
        ["pkill", "--full", f"containerd-shim.*{socket(place)}"], check=False, capture_output=True
    )


def forget_images(place: Place, wanted: str) -> None:
    """Remove images of earlier builds: those that have no tag, and no digest in `wanted`."""
    said = command.output([*_ctr(place), "images", "ls"])
    names = [(line.split()[0], line.split()[2]) for line in said.splitlines()[1:]]
    tagged = {digest for name, digest in names if not re.search(r"sha256:\w+$", name)}
    old = [name for name, digest in names if digest not in tagged and digest not in wanted]
    if old:
        command.output([*_ctr(place), "images", "rm", *old])


def _ctr(place: Place) -> list[str]:
    return ["ctr", "--address", str(socket(place)), "--namespace", "k8s.io"]


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
