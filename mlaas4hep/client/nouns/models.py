"""Models: listed, fetched, shared, deleted."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from mlaas4hep.client.connections.moves import Asking, Work
from mlaas4hep.client.export import Format, export
from mlaas4hep.client.files import OnBytes
from mlaas4hep.client.methods import Operation
from mlaas4hep.client.nouns.calls import Calls, part
from mlaas4hep.core.models.registry import ModelCard, ModelVersion
from mlaas4hep.core.runs.views import Deleted, Model


class Models(Calls):
    """What people do with models, besides asking them."""

    @Operation
    def models(self) -> Asking[tuple[Model, ...]]:
        """Return the models that you may use, your own first."""
        return self._call(tuple[Model, ...], "GET", "/models")

    @Operation
    def model(self, name: str, *, owner: str = "") -> Asking[Model]:
        """Return one model; of somebody else when `owner` says whose."""
        return self._call(Model, "GET", f"/models/{part(name)}", params={"owner": owner})

    @Operation
    def download(
        self, name: str, path: str | Path, *, owner: str = "", on_bytes: OnBytes | None = None
    ) -> Asking[Path]:
        """Write the bundle of a model to a file, streamed; it appears there when it is whole."""
        return self._bundle(name, owner, path, on_bytes)

    @Operation
    def export(
        self, name: str, folder: str | Path, to: Format, *, owner: str = ""
    ) -> Asking[tuple[str, ...]]:
        """Write a model into a new folder as another tool wants it; return the files there."""
        with tempfile.TemporaryDirectory() as scratch:
            bundle = yield from self._bundle(name, owner, Path(scratch) / "bundle.tar.gz")
            files: tuple[str, ...] = yield Work(lambda: export(bundle, Path(folder), to))
            return files

    def _bundle(
        self, name: str, owner: str, path: str | Path, on_bytes: OnBytes | None = None
    ) -> Asking[Path]:
        return self._fetch(f"/models/{part(name)}/bundle?owner={part(owner)}", path, on_bytes)

    @Operation
    def share(
        self, name: str, *, public: bool = False, groups: Sequence[str] = ()
    ) -> Asking[Model]:
        """Say who else may use a model; what was said before is replaced."""
        wanted = {"public": public, "groups": list(groups)}
        return self._call(Model, "PUT", f"/models/{part(name)}/sharing", json=wanted)

    @Operation
    def versions(self, name: str, *, owner: str = "") -> Asking[tuple[ModelVersion, ...]]:
        """Return the versions of a model that are kept, the newest first."""
        asked = {"owner": owner}
        return self._call(
            tuple[ModelVersion, ...], "GET", f"/models/{part(name)}/versions", params=asked
        )

    @Operation
    def promote(self, source: str, name: str) -> Asking[Model]:
        """Serve a trained model under `name`, as its newest version."""
        return self._call(Model, "POST", f"/models/{part(name)}/versions", json={"from": source})

    @Operation
    def serve(self, name: str, version: str) -> Asking[Model]:
        """Serve a version (or an alias) of a model from now on, such as an earlier one."""
        return self._call(Model, "POST", f"/models/{part(name)}/versions/{part(version)}/serve")

    @Operation
    def roll_back(self, name: str) -> Asking[Model]:
        """Serve the version of a model again that was served before the one that is."""
        return self._call(Model, "POST", f"/models/{part(name)}/rollback")

    @Operation
    def alias(
        self, name: str, alias: str, version: str, *, expected: str | None = None
    ) -> Asking[tuple[ModelVersion, ...]]:
        """Let an alias mean a version; an empty one: nothing.

        With `expected` it is moved only if it means that version until then (empty: none).
        """
        path = f"/models/{part(name)}/aliases/{part(alias)}"
        wanted = {"version": version} | ({} if expected is None else {"expected": expected})
        return self._call(tuple[ModelVersion, ...], "PUT", path, json=wanted)

    @Operation
    def card(self, name: str, version: str = "", *, owner: str = "") -> Asking[ModelCard]:
        """Return what somebody should know before they use a version of a model."""
        asked = {"owner": owner, **({"version": version} if version else {})}
        return self._call(ModelCard, "GET", f"/models/{part(name)}/card", params=asked)

    @Operation
    def delete_model(self, name: str) -> Asking[Deleted]:
        """Delete a model; it is not served any more."""
        return self._call(Deleted, "DELETE", f"/models/{part(name)}")
