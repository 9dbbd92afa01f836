"""A Docker daemon and an image registry of the testbed's own, and the images to build on."""

import logging
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy import command
from deploy.testbed import process
from deploy.testbed.containers import leftovers, registry
from deploy.testbed.place import Place

log = logging.getLogger(__name__)

NETWORK = "mlaas"
_BRIDGE = "mlaas0"  #: that it is on
LABEL = "com.openfaas.function"
KEPT = "10GB"  #: of what the builder keeps for the next build
SUITE = "bookworm"
BASE, BUILD, WATCHDOG = f"python-base:{SUITE}", f"python-build:{SUITE}", "watchdog:testbed"
#: What a function's image need not hold.
SPARE = (
    "./var/cache/apt",
    "./var/lib/apt/lists",
    "./usr/share/doc",
    "./usr/share/man",
    "./usr/share/locale",
)
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def run(place: Place, *arguments: str) -> str:
    """Run a docker command and return what it printed."""
    program = place.program("docker")
    return command.output([program, *arguments], env=place.environment(DOCKER_BUILDKIT="1")).strip()


def logs(place: Place, container: str) -> str:
    """Return all that a container has printed."""
    command = [place.program("docker"), "logs", container]
    done = subprocess.run(command, env=place.environment(), capture_output=True, check=True)
    return (done.stdout + done.stderr).decode(errors="replace")


def start(place: Place) -> None:
    """Start daemon, functions' network and registry."""
    folder, data = place.folder("docker"), place.cached("docker")
    if not process.running(place, "dockerd"):
        leftovers.remove(data / "containers", _BRIDGE)
    process.start(
        place,
        "dockerd",
        ["dockerd", f"--data-root={data}", f"--exec-root={folder}/exec"]
        + [f"--pidfile={folder}/dockerd.pid", f"--host=unix://{folder}/docker.sock"]
        + ["--log-opt=max-size=20m", "--live-restore=false"],
        ready=lambda: _succeeds(place, "info"),
    )
    remove_functions(place)
    _make_network(place)
    registry.start(place)


def _make_network(place: Place) -> None:
    """Make the containers' network, also where an earlier testbed left one of other addresses."""
    subnet = f"{place.network}.0/24"
    if _succeeds(place, "network", "inspect", NETWORK):
        where = "{{(index .IPAM.Config 0).Subnet}}"
        if run(place, "network", "inspect", "--format", where, NETWORK) == subnet:
            return
        run(place, "network", "rm", NETWORK)
    run(
        place, "network", "create", f"--subnet={subnet}", f"--gateway={place.address}",
        f"--opt=com.docker.network.bridge.name={_BRIDGE}", NETWORK,
    )  # fmt: skip


def base_images(place: Place) -> None:
    """Make the images that functions are built on, unless the daemon has them."""
    if not _succeeds(place, "image", "inspect", BASE):
        _import_base(place)
    _build(place, BUILD, _build_context(place))
    program = Path(place.program("fwatchdog")).read_bytes()
    context = place.folder("work", "watchdog")
    (context / "fwatchdog").write_bytes(program)
    (context / "fwatchdog").chmod(0o755)
    (context / "Dockerfile").write_text("FROM scratch\nCOPY fwatchdog /\n", encoding="utf-8")
    _build(place, WATCHDOG, context)


def _import_base(place: Place) -> None:
    """Make a Debian with Python from packages: there is no registry to pull one from."""
    log.info("making the base image")
    root = place.cached("base")
    packages = "--include=python3,python3-venv,ca-certificates"
    if not (root / "usr/bin/python3").exists():
        _call("debootstrap", "--variant=minbase", packages, SUITE, str(root), _mirror())
    tar = ["tar", "-C", str(root), *(f"--exclude={path}" for path in SPARE), "-c", "."]
    with subprocess.Popen(tar, stdout=subprocess.PIPE) as packer:
        subprocess.run(
            [place.program("docker"), "import", "-", BASE],
            stdin=packer.stdout,
            env=place.environment(),
            check=True,
            capture_output=True,
        )


def _mirror() -> str:
    """Return where this machine's own packages come from."""
    known = command.output(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"]
    )
    for line in known.splitlines():
        uri, _, suite = line.partition(" ")
        if suite == f"{SUITE} main":
            return uri
    raise RuntimeError(f"apt knows no mirror of {SUITE}, main: see /etc/apt/sources.list.d")


def _build_context(place: Place) -> Path:
    """Give the installing image this machine's pip configuration; nothing of it is in a result."""
    context = place.folder("work", "build")
    found = Path("/etc/pip.conf")
    text = found.read_text(encoding="utf-8") if found.exists() else ""
    (context / "pip.conf").write_text(text, encoding="utf-8")
    (context / "certificates.crt").write_bytes(CERTIFICATES.read_bytes())
    (context / "Dockerfile").write_text(
        f"FROM {BASE}\nCOPY pip.conf /etc/pip.conf\nCOPY certificates.crt {CERTIFICATES}\n",
        encoding="utf-8",
    )
    return context


def forget_old_builds(place: Place) -> None:
    """Remove images without a name, and of the builder's cache what was not used for longest."""
    run(place, "image", "prune", "--force")
    run(place, "builder", "prune", "--force", f"--keep-storage={KEPT}")


def remove_functions(place: Place) -> None:
    """Remove every function's containers, also those of a testbed that was killed."""
    found = run(place, "ps", "--all", "--quiet", f"--filter=label={LABEL}").split()
    if found:
        run(place, "rm", "--force", *found)


def _build(place: Place, tag: str, context: Path) -> None:
    run(place, "build", "--quiet", f"--tag={tag}", str(context))


def _succeeds(place: Place, *arguments: str) -> bool:
    command: Sequence[str] = [place.program("docker"), *arguments]
    return not subprocess.run(
        command, env=place.environment(), capture_output=True, check=False
    ).returncode


def _call(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
