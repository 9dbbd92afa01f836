"""Scores of every entry of whole files."""

from collections.abc import Sequence
from pathlib import Path

from mlaas4hep.client.connections.moves import Asking
from mlaas4hep.client.files import OnBytes
from mlaas4hep.client.methods import Operation
from mlaas4hep.client.nouns.calls import Calls, part
from mlaas4hep.core.runs.answers import Report


class Scores(Calls):
    """What people do with scorings, which are runs too."""

    @Operation
    def score(self, /, model: str, files: Sequence[str], **keys: str) -> Asking[Report]:
        """Let a model score every entry of files, in any format that is read; the answer is a run.

        Args:
            model: its name.
            files: as in files.txt.
            keys: `upload` (where files of a tarball lie), `tree`, `format` of the table, `owner` of the
                model, `title`.
        """
        body = {"model": model, "files": list(files), **keys}
        return self._call(Report, "POST", "/score", json=body)

    @Operation
    def scores(
        self, name: str, path: str | Path, *, on_bytes: OnBytes | None = None
    ) -> Asking[Path]:
        """Write the table of a scoring to a file, streamed; it appears there when it is whole."""
        return self._fetch(f"/runs/{part(name)}/scores", path, on_bytes)
