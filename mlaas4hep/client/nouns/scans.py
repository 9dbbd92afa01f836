"""Scans: many trials of one submission, and the best of them."""

from collections.abc import Mapping
from typing import Any

from mlaas4hep.client.connections.moves import Asking
from mlaas4hep.client.methods import Operation
from mlaas4hep.client.nouns.calls import Calls, part
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.scans import ScanReport


class Scans(Calls):
    """What people do with scans, which are runs too."""

    @Operation
    def scan(self, /, name: str, scan: Mapping[str, Any], **keys: str | float) -> Asking[Report]:
        """Try values on an upload; `keys` are those of a submission, such as `params`."""
        body = {"name": name, **keys, "scan": dict(scan)}
        return self._call(Report, "POST", "/scans", json=body)

    @Operation
    def trials(self, name: str) -> Asking[ScanReport]:
        """Return the trials of a scan, the best first."""
        return self._call(ScanReport, "GET", f"/scans/{part(name)}")
