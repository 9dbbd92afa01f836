"""What runs beside the gateway, and with which environment: each gets the least it needs."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mlaas4hep
from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.errors import NotFoundError
from mlaas4hep.laptop import issuer
from mlaas4hep.laptop.bus.broker import Broker
from mlaas4hep.laptop.child import Program
from mlaas4hep.laptop.functions import PEOPLES
from mlaas4hep.laptop.state import State
from mlaas4hep.settings import PREFIX

DISPATCHER, GATEWAY, NATS = "dispatcher", "gateway", "nats"
_DEFAULTS = {
    "PYTHONUNBUFFERED": "1",
    # an XRootD server that is away is noticed in seconds instead of minutes
    "XRD_CONNECTIONWINDOW": "5",
    "XRD_CONNECTIONRETRY": "1",
    "XRD_REQUESTTIMEOUT": "60",
    "XRD_STREAMTIMEOUT": "30",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where `functions/` and the template of the functions are."""

    functions: Path
    index: Path
    nats_users: Path

    @classmethod
    def find(cls) -> "Sources":
        """Return the files of the repository that we run from, or their copies in the wheel.

        Raises:
            NotFoundError: there are none.
        """
        package = Path(mlaas4hep.__file__).parent
        for root in (package.parent, package / "_platform"):
            index = root / "templates" / "python3-mlaas" / "index.py"
            if index.exists() and (root / "functions").is_dir():
                return cls(
                    functions=root / "functions",
                    index=index,
                    nats_users=root / "deploy" / "nats" / "users.json",
                )
        raise NotFoundError(f"there are no functions beside {package}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What all programs agree on."""

    state: State
    sources: Sources
    broker: Broker
    gateway_url: str
    dispatcher_key: Path  #: private
    dispatcher_public_key: Path
    base: Mapping[str, str]  #: environment of the person who started the platform

    def function(self, name: str, port: int) -> Program:
        """Return a function, run by the index.py that runs it on OpenFaaS too."""
        own = {
            "STORE": self.state.folder("store").as_uri(),
            "CACHE_DIR": str(self.state.folder("cache")),
            "PORT": str(port),
            **self._nats(name),
        }
        if name in PEOPLES:
            own |= {
                "ISSUER": issuer.ISSUER,
                "AUDIENCE": issuer.AUDIENCE,
                "JWKS_URL": f"{self.gateway_url}{issuer.JWKS_PATH}",
            }
        if name != "workflow":
            own["DISPATCHER_PUBLIC_KEY_FILE"] = str(self.dispatcher_public_key)
        given = self.base.get("PYTHONPATH")
        path = os.pathsep.join([str(self._staged(name)), *([given] if given else [])])
        argv = (sys.executable, "-P", str(self.sources.index))
        return Program(name=name, argv=argv, env=self._env(own) | {"PYTHONPATH": path})

    def dispatcher(self) -> Program:
        """Return the dispatcher, the only one that holds its private key."""
        own = {
            "STORE": self.state.folder("store").as_uri(),  # from which lost records are rebuilt
            "DISPATCHER_PRIVATE_KEY_FILE": str(self.dispatcher_key),
            "GATEWAY_URL": self.gateway_url,
            **self._nats(DISPATCHER),
        }
        argv = (sys.executable, "-P", "-m", "mlaas4hep.dispatcher")
        return Program(name=DISPATCHER, argv=argv, env=self._env(own))

    def nats_server(self) -> Program:
        """Return the NATS server."""
        return Program(name=NATS, argv=self.broker.argv, env=self._env({}))

    def _nats(self, user: str) -> dict[str, str]:
        return {"NATS": self.broker.url, "NATS_USER_FILE": str(self.broker.user_files[user])}

    def _env(self, own: Mapping[str, str]) -> dict[str, str]:
        return {**_DEFAULTS, **self.base, **{PREFIX + name: value for name, value in own.items()}}

    def _staged(self, name: str) -> Path:
        """Return a folder in which the function's folder is called `function`."""
        folder = self.state.folder("functions") / name
        folder.mkdir(exist_ok=True)
        link = folder / "function"
        link.unlink(missing_ok=True)
        link.symlink_to(self.sources.functions / name.replace("-", "_"))
        return folder


def dispatcher_keys(state: State) -> tuple[Path, Path]:
    """Write a fresh key pair into the state folder and return both files, the private one first."""
    key = SigningKey.new()
    return (
        state.write_secret("dispatcher.pem", key.private_pem),
        state.write_secret("dispatcher.pub", key.public_pem),
    )
