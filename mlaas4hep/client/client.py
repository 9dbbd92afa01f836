"""The Python client: a deployment as an object, our own values as answers.

with Client("http://127.0.0.1:8080/function/workflow", token) as client:
    client.upload("luca.tar.gz", name="luca")
    run = client.submit("luca")
    print(client.wait(run.name).metrics)
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from urllib.parse import quote

import httpx

from mlaas4hep.client.connection import Connection, OnBytes, blocks
from mlaas4hep.core import wire
from mlaas4hep.core.models.dryrun import Outlook
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.views import Deleted, DirectUpload, Model, RunPage, Tarball, Usage
from mlaas4hep.errors import ConflictError, ServiceUnavailableError

DEFAULT_URL = "http://127.0.0.1:8080/function/workflow"
_WAIT_S = 30  #: how long the server may think about whether a run has changed
_BUILD_S = 300.0  #: for a dry run, which builds the model, and for unpacking
_BREATH_S = 0.2  #: between two questions about a run

T = TypeVar("T")


class Client:
    """One deployment and one token; safe to use from one thread at a time.

    Every method raises the errors of `mlaas4hep.errors`: what the server says is wrong, with its
    `problem`, and ServiceUnavailableError when it cannot be reached or stays busy.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        token: str = "",
        *,
        predict_url: str = "",
        connection: Connection | None = None,
        direct_bytes: int = 64 * 1024**2,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: of the function `workflow`.
            predict_url: of the function `predict`; empty: beside `workflow`.
            direct_bytes: larger tarballs go straight into the object store, where that is offered.
            connection: with timeouts, retries or a transport of your own.
        """
        self.direct_bytes = direct_bytes
        self._url = url.rstrip("/")
        self._predict_url = predict_url.rstrip("/") or _beside(self._url)
        self._line = connection or Connection(token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._line.close()

    # tarballs ------------------------------------------------------------------------------------
    def upload(
        self, tarball: str | Path | bytes, *, name: str, on_bytes: OnBytes | None = None
    ) -> Tarball:
        """Send a tarball, streamed from the file; a large one past the functions if that works."""
        path = f"/tarballs/{_part(name)}"
        size = len(tarball) if isinstance(tarball, bytes) else Path(tarball).stat().st_size
        if size > self.direct_bytes and not isinstance(tarball, bytes):
            with suppress(ConflictError, ServiceUnavailableError):  # not offered, or out of reach
                return self._upload_directly(Path(tarball), path, on_bytes)
        return self._call(
            Tarball,
            "PUT",
            path,
            body=lambda: blocks(tarball, on_bytes),
            headers={"Content-Length": str(size)},
        )

    def _upload_directly(self, tarball: Path, path: str, on_bytes: OnBytes | None) -> Tarball:
        form = self._call(DirectUpload, "POST", f"{path}/direct")
        self._line.post_form(form.url, form.fields, tarball, on_bytes)
        return self._call(Tarball, "POST", f"{path}/direct/{form.upload_id}", timeout=_BUILD_S)

    def tarballs(self) -> tuple[Tarball, ...]:
        """Return all uploads."""
        return self._call(tuple[Tarball, ...], "GET", "/tarballs")

    def delete_tarball(self, name: str) -> Deleted:
        """Delete an upload and its runs."""
        return self._call(Deleted, "DELETE", f"/tarballs/{_part(name)}")

    # runs ----------------------------------------------------------------------------------------
    def submit(self, name: str, **keys: str | float) -> Report:
        """Make a run of an upload; `keys` are those of a submission, such as `params`."""
        return self._call(Report, "POST", "/runs", json={"name": name, **keys})

    def rehearse(self, name: str, **keys: str | float) -> Outlook:
        """Return what a run would do, without making it."""
        body = {"name": name, **keys}
        return self._call(Outlook, "POST", "/runs?dry_run=1", json=body, timeout=_BUILD_S)

    def resubmit(self, manifest: Mapping[str, Any]) -> Report:
        """Make a run of a manifest."""
        return self._call(Report, "POST", "/runs", json=dict(manifest))

    def runs(self, **filters: str | int) -> RunPage:
        """Return runs; filters: status, folder, q, sort, offset, limit, all."""
        return self._call(RunPage, "GET", "/runs", params=filters)

    def run(self, name: str) -> Report:
        """Return everything about a run."""
        return self._call(Report, "GET", f"/runs/{_part(name)}")

    def watch(self, name: str) -> Iterator[Report]:
        """Yield the run as it is and after each change, until it is over."""
        report = self.run(name)
        yield report
        while not report.is_final:
            self._line.pause(_BREATH_S)
            asked = {"seen": report.mark, "wait": _WAIT_S}
            fresh = self._call(Report, "GET", f"/runs/{_part(name)}", params=asked)
            if fresh.mark != report.mark:
                yield fresh
            report = fresh

    def wait(self, name: str) -> Report:
        """Return the run when it is over."""
        report = self.run(name)
        for report in self.watch(name):  # noqa: B007 - the last one counts
            pass
        return report

    def logs(self, name: str, stage: str = "") -> str:
        """Return the log of a run, or of one stage of it."""
        return self._send("GET", f"/runs/{_part(name)}/logs", params={"stage": stage}).text

    def cancel(self, name: str) -> Report:
        """Stop a run."""
        return self._call(Report, "POST", f"/runs/{_part(name)}/cancel")

    def restart(self, name: str) -> Report:
        """Try a failed or cancelled run again, with what is stored."""
        return self._call(Report, "POST", f"/runs/{_part(name)}/restart")

    def delete_run(self, name: str) -> Deleted:
        """Forget a run that is over; its model stays."""
        return self._call(Deleted, "DELETE", f"/runs/{_part(name)}")

    def manifest(self, name: str) -> dict[str, Any]:
        """Return all that a run was made of; `resubmit` takes it back."""
        return cast(dict[str, Any], self._send("GET", f"/runs/{_part(name)}/manifest").json())

    def compare(self, name: str, other: str) -> dict[str, Any]:
        """Return what differs between two runs."""
        response = self._send("GET", f"/runs/{_part(name)}/diff", params={"other": other})
        return cast(dict[str, Any], response.json())

    # scores --------------------------------------------------------------------------------------
    def score(self, model: str, files: Sequence[str], **keys: str) -> Report:
        """Let a model score ROOT files; `keys`: upload, tree, format, owner, title."""
        body = {"model": model, "files": list(files), **keys}
        return self._call(Report, "POST", "/score", json=body)

    def scores(self, name: str, path: str | Path, *, on_bytes: OnBytes | None = None) -> Path:
        """Write the table of a scoring to a file, streamed."""
        return self._line.download(f"{self._url}/runs/{_part(name)}/scores", Path(path), on_bytes)

    # models --------------------------------------------------------------------------------------
    def models(self) -> tuple[Model, ...]:
        """Return the models that you may use, your own first."""
        return self._call(tuple[Model, ...], "GET", "/models")

    def model(self, name: str, *, owner: str = "") -> Model:
        """Return one model; of somebody else when `owner` says whose."""
        return self._call(Model, "GET", f"/models/{_part(name)}", params={"owner": owner})

    def download(
        self, name: str, path: str | Path, *, owner: str = "", on_bytes: OnBytes | None = None
    ) -> Path:
        """Write the bundle of a model to a file, streamed; it appears there when it is whole."""
        url = f"{self._url}/models/{_part(name)}/bundle?owner={_part(owner)}"
        return self._line.download(url, Path(path), on_bytes)

    def share(self, name: str, *, public: bool = False, groups: Sequence[str] = ()) -> Model:
        """Say who else may use a model; what was said before is replaced."""
        wanted = {"public": public, "groups": list(groups)}
        return self._call(Model, "PUT", f"/models/{_part(name)}/sharing", json=wanted)

    def delete_model(self, name: str) -> Deleted:
        """Delete a model; it is not served any more."""
        return self._call(Deleted, "DELETE", f"/models/{_part(name)}")

    def predict(
        self,
        model: str,
        *,
        entries: Sequence[Mapping[str, Any]] = (),
        values: Sequence[Sequence[float]] = (),
    ) -> Any:
        """Return what a model says about raw entries, or about rows that are normalised already."""
        given = {"entries": list(entries)} if entries else {"values": list(values)}
        body = {"model": model, **given}
        return self._line.send("POST", f"{self._predict_url}/json", json=body).json()

    # the rest ------------------------------------------------------------------------------------
    def delete_cache(self) -> Deleted:
        """Delete all your specs and chunks; the next run reads its files again."""
        return self._call(Deleted, "DELETE", "/specs")

    def usage(self) -> Usage:
        """Return who you are here, what you use, and what you may use."""
        return self._call(Usage, "GET", "/me")

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        return self._line.send(method, f"{self._url}{path}", **given)

    def _call(self, kind: type[T], method: str, path: str, **given: Any) -> T:
        return wire.load(kind, self._send(method, path, **given).content)


def _part(name: str) -> str:
    return quote(name, safe="")


def _beside(url: str) -> str:
    """Return the address of `predict` that goes with one of `workflow`."""
    base, slash, function = url.rpartition("/")
    return f"{base}{slash}predict{function.removeprefix('workflow')}"
