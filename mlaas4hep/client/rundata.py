"""What a page draws of a run, as plain values: `pandas.DataFrame(client.history("luca_1"))`."""

from typing import Any, cast

from mlaas4hep.client.calls import Calls, part
from mlaas4hep.core.runs.views import FeatureList


class RunData(Calls):
    """What people look at in a run."""

    def history(self, name: str) -> list[dict[str, float | None]]:
        """Return the figures of each round so far, while it trains too."""
        return cast(list[dict[str, float | None]], self._data(name, "history"))

    def quality(self, name: str) -> dict[str, Any]:
        """Return ROC points, scores in bins by class and the confusion matrix, for each set."""
        return cast(dict[str, Any], self._data(name, "quality"))

    def checks(self, name: str) -> dict[str, Any]:
        """Return whether the model learned entries by heart, and which branches it relies on."""
        return cast(dict[str, Any], self._data(name, "checks"))

    def histograms(self, name: str) -> list[dict[str, Any]]:
        """Return the values of each branch in bins, by class, before and after normalisation."""
        return cast(list[dict[str, Any]], self._data(name, "histograms"))

    def cutflow(self, name: str) -> dict[str, Any]:
        """Return how many entries each file has, and how many pass the cuts."""
        return cast(dict[str, Any], self._data(name, "cutflow"))

    def features(self, name: str) -> FeatureList:
        """Return what the network learns from, and the branches that it does not see."""
        return self._call(FeatureList, "GET", f"/runs/{part(name)}/features")

    def sample(self, name: str) -> dict[str, Any]:
        """Return one entry of the run's files, as `predict` takes it."""
        return cast(dict[str, Any], self._data(name, "sample")["entry"])

    def _data(self, name: str, what: str) -> Any:
        return self._send("GET", f"/runs/{part(name)}/{what}").json()
