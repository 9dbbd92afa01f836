"""The testbed's own provider: several replicas of a function, each a container of our Docker (ADR 4)."""

from deploy.testbed import probe, process
from deploy.testbed.containers import docker
from deploy.testbed.place import Place

_NAME = "provider"


def start(place: Place, longest_call: str) -> None:
    """Start it; it takes up what runs already."""
    process.start(
        place,
        _NAME,
        [place.program("provider")],
        ready=probe.http(f"http://127.0.0.1:{place.ports['provider']}/healthz"),
        env={
            "docker_socket": f"{place.folder('docker')}/docker.sock",
            "network": docker.NETWORK,
            "secrets_folder": str(place.folder("secrets")),
            "port": str(place.ports["provider"]),
            "longest_call": longest_call,
            "secret_mount_path": str(place.folder("credentials")),
        },
    )


def stop(place: Place) -> None:
    """Stop it, with its functions."""
    if process.running(place, "dockerd"):
        docker.remove_functions(place)
    process.stop(place, _NAME)


def pid(place: Place, function: str) -> int:
    """Return the process id of a function's first replica."""
    return int(docker.run(place, "inspect", "--format", "{{.State.Pid}}", f"fn-{function}-0"))
