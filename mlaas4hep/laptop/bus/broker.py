"""The platform's NATS: its configuration, its users and what must exist in it."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from mlaas4hep.laptop.bus.nats_server import executable
from mlaas4hep.laptop.state import State

ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where NATS listens and who may use it."""

    port: int
    config: Path
    user_files: dict[str, Path]  #: one for each function and the dispatcher, as in production
    admin_password: str

    @property
    def url(self) -> str:
        """What clients connect to."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def argv(self) -> tuple[str, ...]:
        """How the server is started."""
        return (executable(), "--config", str(self.config))

    def prepare(self) -> None:
        """Make streams, consumers and buckets, and free what a killed platform held."""
        # imported while the functions start, because the NATS client takes a while
        from mlaas4hep.adapters.nats.provision import provision  # noqa: PLC0415
        from mlaas4hep.adapters.nats.start import reclaim  # noqa: PLC0415

        reclaim(self.url, ADMIN, self.admin_password)
        provision(self.url, ADMIN, self.admin_password)

    async def wait_for_dispatcher(self) -> None:
        """Return when the dispatcher waits for events."""
        from mlaas4hep.adapters.nats.start import wait_for_dispatcher  # noqa: PLC0415

        await wait_for_dispatcher(self.url, ADMIN, self.admin_password)


def configure(state: State, port: int, permissions: Path) -> Broker:
    """Write the server's configuration, with fresh passwords, into the state folder.

    Args:
        permissions: the users.json that production has too.
    """
    known = json.loads(permissions.read_text(encoding="utf-8"))["users"]
    users = [user | {"password": secrets.token_urlsafe(24)} for user in known]
    passwords = {user["user"]: user["password"] for user in users}
    text = f"""\
listen: "127.0.0.1:{port}"
server_name: mlaas4hep
max_payload: 1MB
jetstream {{
  store_dir: {json.dumps(str(state.folder("nats")), ensure_ascii=False)}
  sync_interval: always  # an acknowledged event survives a crash of the machine
}}
authorization: {json.dumps({"users": users})}
"""
    return Broker(
        port=port,
        config=state.write_secret("nats.conf", text),
        user_files={
            name: state.write_secret(f"{name}-nats-user", f"{name}:{password}")
            for name, password in passwords.items()
            if name != ADMIN
        },
        admin_password=passwords[ADMIN],
    )
