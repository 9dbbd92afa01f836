"""A MinIO of its own, for tests that start, kill and rob it."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from mlaas4hep.laptop.ports import free_ports


def program() -> str:
    """Return MinIO's program: `MLAAS_TEST_MINIO`, or `minio` in the path; skip without one."""
    found = os.environ.get("MLAAS_TEST_MINIO") or shutil.which("minio")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("there is no minio in the path, and CI must have one")
        pytest.skip("there is no minio in the path, nor does MLAAS_TEST_MINIO name it")
    return found


class MinioServer:
    """One process on some folders, each of which it takes for a drive; `kill` and `start` again."""

    def __init__(self, folder: Path, drives: int = 1):
        self.drives = [folder / f"drive{number}" for number in range(1, drives + 1)]
        self.access, self.secret = "tester", secrets.token_hex(16)
        self._program = program()
        self._home = folder
        (self._port,) = free_ports(1)
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and return when it answers."""
        env = {
            "MINIO_ROOT_USER": self.access,
            "MINIO_ROOT_PASSWORD": self.secret,
            "HOME": str(self._home),
            "PATH": os.environ["PATH"],
            "MINIO_BROWSER": "off",
            "MINIO_CALLHOME_ENABLE": "off",
            "MINIO_UPDATE": "off",
            "MINIO_CI_CD": "on",  # it wants drives that are none of the machine's first disk
        }
        self._process = subprocess.Popen(
            [self._program, "server", *self.drives, "--address", f"127.0.0.1:{self._port}"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if line.startswith("API:"):
                return
        pytest.fail("minio does not start: " + "".join(lines))

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.communicate()
