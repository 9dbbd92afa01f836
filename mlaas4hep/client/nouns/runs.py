"""Runs: submitted, watched, repeated, compared."""

from collections.abc import Mapping
from typing import Any

from mlaas4hep.client.connections.moves import Asking, Emit, Pause, Telling
from mlaas4hep.client.methods import Operation, Stream
from mlaas4hep.client.nouns.calls import Calls, part
from mlaas4hep.core.models.dryrun import DryRun
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.views import Deleted, RunPage

_WAIT_S = 30  #: how long the server may think about whether a run has changed
_BUILD_S = 300.0  #: for a dry run, which builds the model
_BREATH_S = 0.2  #: between two questions about a run


class Runs(Calls):
    """What people do with runs."""

    @Operation
    def submit(self, /, name: str, **keys: str | float) -> Asking[Report]:
        """Make a run of an upload; `keys` are those of a submission, such as `params`.

        Raises:
            InvalidRequestError: what was uploaded, or one of the keys, is wrong; the hint says what to do.
            NotFoundError: there is no such upload.
            QuotaError: you have as many unfinished runs, or bytes, as you may.
        """
        return self._call(Report, "POST", "/runs", json={"name": name, **keys})

    @Operation
    def dry_run(self, /, name: str, **keys: str | float) -> Asking[DryRun]:
        """Return what a run would do, without making it: features, doubts, bytes and seconds.

        It builds the model, which can take minutes.

        Raises:
            PermanentError: a run would be refused, or fail, with this reason.
        """
        body = {"name": name, **keys}
        return self._call(DryRun, "POST", "/runs?dry_run=1", json=body, timeout=_BUILD_S)

    @Operation
    def resubmit(self, manifest: Mapping[str, Any]) -> Asking[Report]:
        """Make a run of a manifest, as `manifest` returns it; it gets the next number."""
        return self._call(Report, "POST", "/runs", json=dict(manifest))

    @Operation
    def runs(self, /, **filters: str | int) -> Asking[RunPage]:
        """Return one page of runs, the newest first unless `sort` says otherwise.

        Args:
            filters: `status` (several with commas), `folder`, `q` (text), `sort` (such as `-created_at`),
                `offset`, `limit`, and `all` (everybody's, for administrators).
        """
        return self._call(RunPage, "GET", "/runs", params=filters)

    @Operation
    def run(self, name: str) -> Asking[Report]:
        """Return everything about a run."""
        return self._run(name)

    @Stream
    def watch(self, name: str) -> Telling[Report]:
        """Yield the run as it is and after each change, until it is done, failed or cancelled."""
        return self._watch(name)

    @Operation
    def wait(self, name: str) -> Asking[Report]:
        """Return the run when it is over; one that failed is returned as well, with its `problem`."""
        report = yield from self._run(name)
        while not report.is_final:
            report = yield from self._next(report)
        return report

    @Operation
    def logs(self, name: str, stage: str = "") -> Asking[str]:
        """Return the log of a run as text, or that of one stage (`specs`, `train` …)."""
        path = f"/runs/{part(name)}/logs"
        response = yield from self._send("GET", path, params={"stage": stage})
        return response.text

    def _watch(self, name: str) -> Telling[Report]:
        report = yield from self._run(name)
        yield Emit(report)
        while not report.is_final:
            fresh = yield from self._next(report)
            if fresh.mark != report.mark:
                yield Emit(fresh)
            report = fresh

    def _run(self, name: str) -> Asking[Report]:
        return self._call(Report, "GET", f"/runs/{part(name)}")

    def _next(self, report: Report) -> Asking[Report]:
        """Return the run once it has changed, or as it is if it does not for a while."""
        yield Pause(_BREATH_S)
        asked = {"seen": report.mark, "wait": _WAIT_S}
        return (yield from self._call(Report, "GET", f"/runs/{part(report.name)}", params=asked))

    @Operation
    def cancel(self, name: str) -> Asking[Report]:
        """Stop a run, and return it.

        Raises:
            ConflictError: it is over already.
        """
        return self._call(Report, "POST", f"/runs/{part(name)}/cancel")

    @Operation
    def restart(self, name: str) -> Asking[Report]:
        """Try a failed or cancelled run again, with what is stored."""
        return self._call(Report, "POST", f"/runs/{part(name)}/restart")

    @Operation
    def delete_run(self, name: str) -> Asking[Deleted]:
        """Forget a run that is over; its model stays.

        Raises:
            ConflictError: it is still under way.
        """
        return self._call(Deleted, "DELETE", f"/runs/{part(name)}")

    @Operation
    def manifest(self, name: str) -> Asking[dict[str, Any]]:
        """Return all that a run was made of; `resubmit` takes it back."""
        return self._json("GET", f"/runs/{part(name)}/manifest")

    @Operation
    def compare(self, name: str, other: str) -> Asking[dict[str, Any]]:
        """Return what differs between two runs."""
        return self._json("GET", f"/runs/{part(name)}/diff", params={"other": other})
