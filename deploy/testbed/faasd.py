"""faasd's provider: one container of each function, on a containerd of the testbed's own.

faasd takes some places as given: its program in /usr/local/bin (it collects the functions' logs),
the network's plugins in /opt/cni, journald, and the network 10.62.0.0/16.
"""

import shutil
import subprocess
from pathlib import Path

from deploy import command
from deploy.testbed import debian, probe, process
from deploy.testbed.place import Place

#: A file of each Debian package that only faasd needs.
PACKAGES = {
    "/usr/bin/containerd": "containerd",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "/lib/systemd/systemd-journald": "systemd",
}
_PLUGINS = Path("/opt/cni/bin")
_COLLECTOR = Path("/usr/local/bin/faasd")
_INSTALLED = Path("/var/lib/faasd")
_NETWORK_FILE = Path("/etc/cni/net.d/10-openfaas.conflist")  # written by faasd at each start
_JOURNAL = "/lib/systemd/systemd-journald"
_FUNCTIONS = "openfaas-fn"
_PROVIDER, _CONTAINERD, _JOURNALD = "faasd", "faasd-containerd", "faasd-journald"


def start(place: Place, longest_call: str) -> None:
    """Start journal, containerd and provider.

    Raises:
        FileNotFoundError: faasd was not built: its sources are not beside the checkout.
        FileExistsError: the machine has a faasd of its own, whose places these are.
    """
    if not Path(place.program("faasd")).exists():
        raise FileNotFoundError("faasd is not here: ../shared/upstream has no sources of it")
    if _INSTALLED.exists():
        raise FileExistsError(f"{_INSTALLED}: this machine has a faasd of its own; leave it alone")
    debian.install_missing(PACKAGES)
    _put_in_place(place)
    _start_journal(place)
    _start_containerd(place)
    process.start(
        place,
        _PROVIDER,
        ["sh", "-c", f"cd {place.folder('faasd')} && exec {place.program('faasd')} provider"],
        ready=probe.http(f"http://127.0.0.1:{place.ports['provider']}/healthz"),
        env={
            "sock": str(_socket(place)),
            "port": str(place.ports["provider"]),
            "hosts_dir": str(place.folder("faasd")),
            "secret_mount_path": str(place.folder("credentials")),
            "service_timeout": longest_call,
        },
    )


def stop(place: Place) -> None:
    """Stop it, with its functions and their network, if it runs."""
    if not process.running(place, _CONTAINERD):
        return
    _remove_functions(place)
    for name in (_PROVIDER, _CONTAINERD, _JOURNALD):
        process.stop(place, name)
    subprocess.run(["ip", "link", "delete", "openfaas0"], capture_output=True, check=False)
    _NETWORK_FILE.unlink(missing_ok=True)


def pid(place: Place, function: str) -> int:
    """Return the process id of a function."""
    for line in _ctr(place, "tasks", "ls").splitlines()[1:]:
        name, number, *_ = line.split()
        if name == function:
            return int(number)
    raise LookupError(f"{function} does not run")


def _put_in_place(place: Place) -> None:
    _COLLECTOR.unlink(missing_ok=True)
    shutil.copy2(place.program("faasd"), _COLLECTOR)
    if not _PLUGINS.exists():
        _PLUGINS.parent.mkdir(parents=True, exist_ok=True)
        _PLUGINS.symlink_to("/usr/lib/cni")


def _start_journal(place: Place) -> None:
    """Start a journal where the machine has none: a container without systemd."""
    there = subprocess.run(["pgrep", "-f", _JOURNAL], capture_output=True, check=False)
    if there.returncode == 0:
        return
    socket = Path("/run/systemd/journal/socket")
    socket.unlink(missing_ok=True)
    process.start(place, _JOURNALD, [_JOURNAL], ready=socket.exists)


def _start_containerd(place: Place) -> None:
    folder = place.folder("faasd", "containerd")
    (folder / "config.toml").write_text(
        # The images are those of the Kubernetes node: layers lie on the disk once.
        f'version = 2\nroot = "{place.cached("cluster-containerd")}"\nstate = "{folder}/state"\n'
        f'[grpc]\naddress = "{_socket(place)}"\n',
        encoding="utf-8",
    )
    process.start(
        place,
        _CONTAINERD,
        ["containerd", "--config", str(folder / "config.toml")],
        ready=lambda: _socket(place).exists() and _answers(place),
    )
    if not process.running(place, _PROVIDER):
        _remove_functions(place)  # of a testbed that was killed


def _socket(place: Place) -> Path:
    return place.folder("faasd", "containerd") / "containerd.sock"


def _answers(place: Place) -> bool:
    done = subprocess.run(
        ["ctr", "--address", str(_socket(place)), "version"], capture_output=True, check=False
    )
    return done.returncode == 0


def _remove_functions(place: Place) -> None:
    for task in _ctr(place, "tasks", "ls", "-q").split():
        _ctr(place, "tasks", "delete", "--force", task)
    for container in _ctr(place, "containers", "ls", "-q").split():
        _ctr(place, "containers", "delete", container)
    for snapshot in _ctr(place, "snapshots", "ls").splitlines()[1:]:
        if snapshot.split()[-1] == "Active":
            _ctr(place, "snapshots", "rm", snapshot.split()[0])


def _ctr(place: Place, *arguments: str) -> str:
    return command.output(
        ["ctr", "--address", str(_socket(place)), "--namespace", _FUNCTIONS, *arguments]
    )
