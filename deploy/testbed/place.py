"""Where the testbed keeps what, and on which address and ports it listens."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

NETWORK = "10.63.0"  #: 10.62 is faasd's
PROVIDER = "own"

#: Each can be changed with PLATFORM_{NAME}_PORT.
PORTS = {
    "gateway": 8080,
    "provider": 8085,
    "workflow": 4433,
    "predict": 8081,
    "registry": 5001,
    "nats": 4222,
    "minio": 9000,
    "identity": 9090,
    "stranger": 9091,
    "prometheus": 9095,
    "dispatcher": 9096,
    "origin": 1094,
    "xrootd": 1095,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One testbed: `root` goes away with it, `cache` is what the next one need not make again."""

    root: Path
    cache: Path
    network: str = NETWORK  #: first three numbers of the network of Docker's containers
    provider: str = PROVIDER  #: that runs functions: `own` or `faasd`
    ports: Mapping[str, int] = field(default_factory=lambda: dict(PORTS))

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Place":
        """Return the place that the environment describes; by default `.platform` here."""
        cache = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cls(
            root=Path(env.get("PLATFORM_ROOT") or REPOSITORY / ".platform"),
            cache=cache / "mlaas4hep-testbed",
            network=env.get("PLATFORM_NETWORK") or NETWORK,
            provider=env.get("PLATFORM_PROVIDER") or PROVIDER,
            ports={
                name: int(env.get(f"PLATFORM_{name.upper()}_PORT", port))
                for name, port in PORTS.items()
            },
        )

    @property
    def address(self) -> str:
        """The machine as functions and the machine itself see it."""
        return f"{self.network}.1"

    def at(self, name: str) -> str:
        """Return `host:port` of a service that functions call."""
        return f"{self.address}:{self.ports[name]}"

    def http(self, name: str) -> str:
        """Return the URL of a service that functions call."""
        return f"http://{self.at(name)}"

    def folder(self, *names: str) -> Path:
        """Return a folder below the root, made if it is not there."""
        path = self.root.joinpath(*names)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def cached(self, *names: str) -> Path:
        """Return a folder below the cache, made if it is not there."""
        path = self.cache.joinpath(*names)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def program(self, name: str) -> str:
        """Return the path of a Go program that `programs` has built."""
        return str(self.cached("bin") / name)

    def environment(self, **extra: str) -> dict[str, str]:
        """Return this process's environment with the testbed's programs first, and `extra`."""
        path = f"{self.cached('bin')}:{os.environ['PATH']}"
        docker = f"unix://{self.folder('docker')}/docker.sock"
        return {**os.environ, "PATH": path, "DOCKER_HOST": docker, **extra}
