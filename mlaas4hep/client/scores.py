"""Scores of whole ROOT files."""

from collections.abc import Sequence
from pathlib import Path

from mlaas4hep.client.calls import Calls, part
from mlaas4hep.client.files import OnBytes
from mlaas4hep.core.runs.answers import Report


class Scores(Calls):
    """What people do with scorings, which are runs too."""

    def score(self, model: str, files: Sequence[str], **keys: str) -> Report:
        """Let a model score ROOT files; `keys`: upload, tree, format, owner, title."""
        body = {"model": model, "files": list(files), **keys}
        return self._call(Report, "POST", "/score", json=body)

    def scores(self, name: str, path: str | Path, *, on_bytes: OnBytes | None = None) -> Path:
        """Write the table of a scoring to a file, streamed; it appears there when it is whole."""
        return self._download(f"/runs/{part(name)}/scores", path, on_bytes)
