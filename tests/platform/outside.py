"""People at the public doors of the platform, and what they carry."""

import contextlib
import io
import os
import ssl
import tarfile
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import httpx2

from deploy.testbed import identity, process
from deploy.testbed.place import Place

PLACE = Place.from_env(os.environ)
RUN_S = 300.0  #: patience with a run of a few thousand entries, on two busy cores
SUBMISSION = {
    "device": "cpu",
    "memory": "3gb",
    "cpus": "2",
    "files": "files.txt",
    "labels": "labels.txt",
    "model": "model.py",
    "params": "params.json",
}
FINAL = {"done", "failed", "cancelled"}


class Person:
    """Somebody with a token, at the public doors."""

    def __init__(self, name: str, host: str = "127.0.0.1"):
        self.name = name
        self.host = host  #: where the doors are
        self.token = identity.token(PLACE, name)

    def call(self, door: str, method: str, path: str, **given: Any) -> httpx2.Response:
        return knock(door, method, path, token=self.token, host=self.host, **given)

    def workflow(self, method: str, path: str, **given: Any) -> httpx2.Response:
        return self.call("workflow", method, path, **given)

    def predict(self, method: str, path: str, **given: Any) -> httpx2.Response:
        return self.call("predict", method, path, **given)

    def upload(self, folder: str, tarball: bytes) -> None:
        files = {"file": (f"{folder}.tar.gz", tarball)}
        answer = self.workflow("POST", f"/upload?name={folder}", files=files)
        assert answer.status_code == 200, answer.text

    def submit(self, folder: str, **changes: Any) -> str:
        answer = self.workflow("POST", "/submit", json={"name": folder, **SUBMISSION, **changes})
        assert answer.status_code == 200, answer.text
        return answer.json()["process_name"]

    def status(self, run: str) -> dict[str, Any]:
        return self.workflow("GET", f"/status_docker?process_name={run}").json()["run"]

    def wait(self, run: str) -> dict[str, Any]:
        """Return the run's report when it is done; fail if it fails."""
        process.wait(lambda: self.has_ended(run), RUN_S, f"run {run}")
        report = self.status(run)
        assert report["status"] == "done", report
        return report

    def has_ended(self, run: str) -> bool:
        """Tell whether a run has ended; while nobody can say, it has not."""
        answer = self.workflow("GET", f"/status_docker?process_name={run}")
        return answer.is_success and answer.json()["run"]["status"] in FINAL

    def forget(self, *folders: str) -> None:
        for folder in folders:
            self.workflow("GET", f"/delete_folder?name={folder}")


def knock(
    door: str,
    method: str,
    path: str,
    token: str | None = None,
    host: str = "127.0.0.1",
    **given: Any,
) -> httpx2.Response:
    """Return what a door answers; its certificate is our own."""
    url = f"https://{host}:{PLACE.ports[door]}{path}"
    headers = {**given.pop("headers", {})}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return httpx2.request(method, url, headers=headers, verify=False, timeout=120, **given)


def pack(files: dict[str, str | bytes]) -> bytes:
    """Return a gzipped tarball."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(f"job/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def unverified() -> ssl.SSLContext:
    """Return TLS that accepts the testbed's own certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def knock_raw(door: str, path: str, token: str) -> int:
    """Return the status of a GET whose path no client library has tidied up."""
    connection = HTTPSConnection("127.0.0.1", PLACE.ports[door], context=unverified(), timeout=60)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status
    finally:
        connection.close()


@contextlib.contextmanager
def watched(log: Path):
    """Give a function that returns what a log file got since the context was entered."""
    start = log.stat().st_size
    yield lambda: log.read_bytes()[start:].decode(errors="replace")
