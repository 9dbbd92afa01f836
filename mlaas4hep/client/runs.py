"""Runs: submitted, watched, repeated, compared."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from mlaas4hep.client.calls import Calls, part
from mlaas4hep.core.models.dryrun import DryRun
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.views import Deleted, RunPage

_WAIT_S = 30  #: how long the server may think about whether a run has changed
_BUILD_S = 300.0  #: for a dry run, which builds the model
_BREATH_S = 0.2  #: between two questions about a run


class Runs(Calls):
    """What people do with runs."""

    def submit(self, name: str, **keys: str | float) -> Report:
        """Make a run of an upload; `keys` are those of a submission, such as `params`."""
        return self._call(Report, "POST", "/runs", json={"name": name, **keys})

    def dry_run(self, name: str, **keys: str | float) -> DryRun:
        """Return what a run would do, without making it."""
        body = {"name": name, **keys}
        return self._call(DryRun, "POST", "/runs?dry_run=1", json=body, timeout=_BUILD_S)

    def resubmit(self, manifest: Mapping[str, Any]) -> Report:
        """Make a run of a manifest."""
        return self._call(Report, "POST", "/runs", json=dict(manifest))

    def runs(self, **filters: str | int) -> RunPage:
        """Return runs; filters: status, folder, q, sort, offset, limit, all."""
        return self._call(RunPage, "GET", "/runs", params=filters)

    def run(self, name: str) -> Report:
        """Return everything about a run."""
        return self._call(Report, "GET", f"/runs/{part(name)}")

    def watch(self, name: str) -> Iterator[Report]:
        """Yield the run as it is and after each change, until it is over."""
        report = self.run(name)
        yield report
        while not report.is_final:
            self._line.pause(_BREATH_S)
            asked = {"seen": report.mark, "wait": _WAIT_S}
            fresh = self._call(Report, "GET", f"/runs/{part(name)}", params=asked)
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
        return self._send("GET", f"/runs/{part(name)}/logs", params={"stage": stage}).text

    def cancel(self, name: str) -> Report:
        """Stop a run."""
        return self._call(Report, "POST", f"/runs/{part(name)}/cancel")

    def restart(self, name: str) -> Report:
        """Try a failed or cancelled run again, with what is stored."""
        return self._call(Report, "POST", f"/runs/{part(name)}/restart")

    def delete_run(self, name: str) -> Deleted:
        """Forget a run that is over; its model stays."""
        return self._call(Deleted, "DELETE", f"/runs/{part(name)}")

    def manifest(self, name: str) -> dict[str, Any]:
        """Return all that a run was made of; `resubmit` takes it back."""
        return cast(dict[str, Any], self._send("GET", f"/runs/{part(name)}/manifest").json())

    def compare(self, name: str, other: str) -> dict[str, Any]:
        """Return what differs between two runs."""
        response = self._send("GET", f"/runs/{part(name)}/diff", params={"other": other})
        return cast(dict[str, Any], response.json())
