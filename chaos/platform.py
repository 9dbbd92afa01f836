"""The containers of `make platform-up`: real gateway, watchdog, NATS, MinIO, doors and XRootD."""

import shutil
import ssl
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import httpx2

from chaos import cuts, jobs
from chaos.fault import Fault
from chaos.laptop import FUNCTIONS, is_trainee
from chaos.reading import SentFrom
from chaos.site import TRAINEE, Nats
from deploy.testbed import (
    credentials,
    dispatcher,
    doors,
    identity,
    messaging,
    openfaas,
    process,
    rootfiles,
    storage,
)
from deploy.testbed.containers import docker
from deploy.testbed.place import Place
from mlaas4hep import bootstrap
from mlaas4hep.client import Client
from mlaas4hep.client.connections.connection import Connection
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings
from mlaas4hep.settings import credentials as user_and_password
from tests.laptops import descendants
from tests.platform.jobs import jets, put_jets

_CONTAINER = "container of "
_TOKEN_S = 1800.0

#: What starts a process again that has ended, as systemd would.
_STARTS: Mapping[str, Callable[[Place], None]] = {
    "dispatcher": dispatcher.start,
    "nats": messaging.start,
    "minio": storage.start,
    "gateway": openfaas.start,
    "provider": openfaas.start,
    "door-workflow": doors.start,
    "identity": identity.start,
    "origin": rootfiles.start,
    "xrootd": rootfiles.start,
}


class PlatformSite:
    """The platform that runs already; it goes on running."""

    parts = (*FUNCTIONS, *(_CONTAINER + name for name in FUNCTIONS), *_STARTS)

    def __init__(self, place: Place) -> None:
        """Break the platform of a place."""
        self._place = place
        self._tokens: dict[str, tuple[float, str]] = {}
        _, certificate = credentials.certificate(place)
        self._sent = SentFrom(place.ports["xrootd"])
        if not self._sent.begin():
            print("nobody counts what is read: iptables is not allowed here")
        self._trust = ssl.create_default_context(cafile=str(certificate))

    def close(self) -> None:
        """Leave the platform as it is, and count no more."""
        self._sent.end()

    def read_bytes(self) -> int:
        return self._sent.total_bytes

    def people(self, wave: int) -> Sequence[str]:
        return ("carol",) if wave == 0 else ("alice", "bob")

    def jobs(self) -> Mapping[str, bytes]:
        """Return one for the images, which have Keras alone, and one that reads through XRootD."""
        with tempfile.TemporaryDirectory() as folder:
            remote = put_jets(self._place, Path(folder))
        return {"keras": jobs.jobs()["keras"], "remote": jets(remote, chunk_size=600, epochs=2)}

    def pid(self, part: str) -> int | None:
        if part == TRAINEE:
            return next((pid for pid in self._inside("train") if is_trainee(pid)), None)
        if part in FUNCTIONS:
            return next(iter(sorted(self._inside(part))), None)
        if part.startswith(_CONTAINER):
            return self._watchdog(part.removeprefix(_CONTAINER))
        return process.pid(self._place, part)

    def revive(self, part: str) -> None:
        if part in _STARTS:
            _STARTS[part](self._place)

    def client(self, person: str) -> Client:
        transport = httpx2.HTTPTransport(verify=self._trust)
        connection = Connection(self._token(person), transport=transport, retries=0)
        return Client(f"https://localhost:{self._place.ports['workflow']}", connection=connection)

    def nats(self) -> Nats:
        file = self._place.folder("credentials") / "admin-nats-user"
        user, password = user_and_password(str(file))
        return Nats(url=f"nats://{self._place.at('nats')}", user=user, password=password)

    def services(self) -> Services:
        key = self._place.folder("credentials") / "minio-admin"
        return bootstrap.services(
            Settings(store=self._place.http("minio"), store_key_file=str(key))
        )

    def flipped(self) -> Collection[str]:
        return ()

    def family(self) -> set[int]:
        pids = [self.pid(part) for part in (*self.parts, TRAINEE)]
        return {each for pid in pids if pid for each in descendants(pid)}

    def faults(self, random: Random) -> list[Fault]:
        steps = ("specs", "chunk-preprocess", "train")
        ports = self._place.ports
        return [
            *cuts.of_network(self, random, (*steps, "dispatcher"), "nats", lambda: ports["nats"]),
            *cuts.of_network(self, random, steps, "minio", lambda: ports["minio"]),
            *cuts.of_network(self, random, steps[:2], "xrootd", lambda: ports["xrootd"]),
            *cuts.of_network(self, random, ["dispatcher"], "gateway", lambda: ports["gateway"]),
        ]

    def leftovers(self) -> Iterator[str]:
        for name in FUNCTIONS:
            pid = self._watchdog(name)
            for folder in Path(f"/proc/{pid}/root/tmp").glob("mlaas-*") if pid else ():
                yield from (f"{path} of {name} is left" for path in folder.glob("tmp*"))

    def keep_logs(self, seed: int) -> str:
        kept = Path(tempfile.gettempdir()) / f"mlaas-chaos-{seed}-logs"
        shutil.copytree(self._place.folder("logs"), kept, dirs_exist_ok=True)
        for name in FUNCTIONS:
            (kept / f"{name}.log").write_text(docker.logs(self._place, f"fn-{name}-0"))
        return str(kept)

    def _watchdog(self, function: str) -> int | None:
        try:
            return openfaas.pid(self._place, function) or None
        except RuntimeError:  # there is no container now
            return None

    def _inside(self, function: str) -> set[int]:
        watchdog = self._watchdog(function)
        return descendants(watchdog) - {watchdog} if watchdog else set()

    def _token(self, person: str) -> str:
        """Return a token; a person keeps it for a while, and waits if nobody gives one."""
        made_at, token = self._tokens.get(person, (0.0, ""))
        if not token or time.monotonic() - made_at > _TOKEN_S:
            token = identity.token(self._place, person)
            self._tokens[person] = (time.monotonic(), token)
        return token
