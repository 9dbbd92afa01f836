"""What a page draws of a run, as plain values: `pandas.DataFrame(client.history("luca_1"))`."""

from pathlib import Path
from typing import Any

from mlaas4hep.client.connections.moves import Asking, Work
from mlaas4hep.client.methods import Operation
from mlaas4hep.client.nouns.calls import Calls, part
from mlaas4hep.core.runs.views import FeatureList, RunChunks


class RunData(Calls):
    """What people look at in a run."""

    @Operation
    def history(self, name: str) -> Asking[list[dict[str, float | None]]]:
        """Return the figures of each round so far, while it trains too."""
        return self._data(name, "history")

    @Operation
    def quality(self, name: str) -> Asking[dict[str, Any]]:
        """Return ROC points, scores in bins by class and the confusion matrix, for each set."""
        return self._data(name, "quality")

    @Operation
    def checks(self, name: str) -> Asking[dict[str, Any]]:
        """Return whether the model learned entries by heart, and which branches it relies on."""
        return self._data(name, "checks")

    @Operation
    def histograms(self, name: str) -> Asking[list[dict[str, Any]]]:
        """Return the values of each branch in bins, by class, before and after normalisation."""
        return self._data(name, "histograms")

    @Operation
    def correlations(self, name: str) -> Asking[dict[str, Any]]:
        """Return `branches`, and the `matrix` of the correlations of each pair."""
        return self._data(name, "correlations")

    @Operation
    def cutflow(self, name: str) -> Asking[dict[str, Any]]:
        """Return how many entries each file has, and how many pass the cuts."""
        return self._data(name, "cutflow")

    @Operation
    def features(self, name: str) -> Asking[FeatureList]:
        """Return what the network learns from, and the branches that it does not see."""
        return self._call(FeatureList, "GET", f"/runs/{part(name)}/features")

    @Operation
    def sample(self, name: str) -> Asking[dict[str, Any]]:
        """Return one entry of the run's files, as `predict` takes it."""
        sample = yield from self._data(name, "sample")
        entry: dict[str, Any] = sample["entry"]
        return entry

    @Operation
    def chunks(self, name: str) -> Asking[RunChunks]:
        """Return the chunks of a run, and what a training elsewhere has to know besides them."""
        return self._call(RunChunks, "GET", f"/runs/{part(name)}/chunks")

    @Operation
    def fetch_chunk(self, name: str, index: int, path: str | Path) -> Asking[Path]:
        """Write one chunk of a run to a file; it appears there when it is whole."""
        return self._fetch(f"/runs/{part(name)}/chunks/{index}", path, None)

    @Operation
    def tensorboard(self, name: str, folder: str | Path) -> Asking[Path]:
        """Write the figures of each round into a folder of the run's name, for TensorBoard."""
        target = Path(folder) / name / f"events.out.tfevents.{name}"
        yield Work(lambda: target.parent.mkdir(parents=True, exist_ok=True))
        return (yield from self._fetch(f"/runs/{part(name)}/tensorboard", target, None))

    def _data(self, name: str, what: str) -> Asking[Any]:
        return self._json("GET", f"/runs/{part(name)}/{what}")
