"""A laptop platform as a process of its own, for tests that start, break and stop it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import httpx2

from mlaas4hep.laptop import issuer

SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
from mlaas4hep.adapters.confinement.prctl import die_with_parent
from mlaas4hep.errors import MlaasError
from mlaas4hep.laptop.platform import up
from mlaas4hep.laptop.programs import Sources

die_with_parent()  # no platform outlives tests that are killed
sources = Sources.find()
if sys.argv[2]:
    sources = replace(sources, functions=Path(sys.argv[2]))
ports = dict(zip(("port", "workflow_port", "predict_port"), map(int, sys.argv[3:])))
try:
    up(Path(sys.argv[1]), **ports, announce=lambda line: print(line, flush=True), sources=sources)
except MlaasError as error:
    sys.exit(f"{error} ({error.problem.hint})")
"""


class Laptop:
    """`up` in a state folder; `functions` names a folder with other functions than ours."""

    def __init__(self, state: Path, functions: Path | str = "", ports=(0, 0, 0), **env: str):
        self.state = state
        self.line = ""
        self.pids: dict[str, int] = {}
        self.tokens: list[str] = []  #: that were given out
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, state, functions, *map(str, ports)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **env},
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        self.line = self.process.stdout.readline()
        if not self.line:
            raise RuntimeError(self.error())
        self.pids = self._children()
        return self

    def _children(self) -> dict[str, int]:
        """Return the processes of the platform as they are now."""
        noted = json.loads((self.state / "children.json").read_text())
        return {name: pid for name, (pid, _) in noted.items()}

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()
        self.process.stdout.close()
        self.process.stderr.close()
        self.check_logs()

    def check_logs(self) -> None:
        """Refuse a log that holds a secret of the platform, or a token that was given out."""
        logs = {path.name: path.read_text() for path in self.state.glob("logs/*")}
        assert logs or not self.line
        for secret in (*self.tokens, *secrets(self.state / "keys")):
            assert [name for name, text in logs.items() if secret in text] == []

    @property
    def urls(self) -> list[str]:
        """The gateway, workflow's own port and predict's own port."""
        return re.findall(r"http://\S+", self.line)

    def token(self, user: str) -> str:
        self.tokens.append(issuer.token(self.state, user))
        return self.tokens[-1]

    @property
    def password(self) -> str:
        """Of `admin`, for the gateway's own routes."""
        return (self.state / "keys" / "gateway-password").read_text()

    def get(self, path: str, **more) -> httpx2.Response:
        auth = ("admin", self.password) if path.startswith("/system") else None
        return httpx2.get(f"{self.urls[0]}{path}", timeout=30, auth=auth, **more)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """Kill it as a power cut would: everything at once, without a word."""
        for pid in (self.process.pid, *self._children().values()):
            os.kill(pid, signal.SIGKILL)
        self.process.wait(60)

    def error(self) -> str:
        """Return what a platform that does not start says."""
        _, said = self.process.communicate(timeout=60)
        return said


def secrets(folder: Path) -> list[str]:
    """Return what the platform keeps to itself: passwords, and the private keys' own lines."""
    passwords = [path.read_text() for path in folder.glob("*-password")]
    passwords += [path.read_text().partition(":")[2] for path in folder.glob("*-nats-user")]
    keys = [line for path in folder.glob("*.pem") for line in path.read_text().splitlines()]
    return [*passwords, *(line for line in keys if not line.startswith("-----"))]


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be noticed does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def descendants(pid: int) -> set[int]:
    """Return a process and all that it started, directly or not."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, new = set(), {pid}
    while new:
        found |= new
        new = {child for each in new for child in parents.get(each, [])}
    return found
