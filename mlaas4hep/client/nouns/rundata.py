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
        """Return the figures of each round so far, while it trains too.

        One dictionary a round, by the name of the figure; empty before the first round has ended.
        A figure that is not finite is None.
        """
        return self._data(name, "history")

    @Operation
    def quality(self, name: str) -> Asking[dict[str, Any]]:
        """Return ROC points, scores in bins by class and the confusion matrix, for each set.

        By set (`test`, which is held out, `val`, `train`). `confusion` has a row for each true class.
        Counts are sums of weights where entries have weights; `edges` are one more than the bins.

        Raises:
            NotFoundError: there is no such run, or it has none; the hint says what writes them.
        """
        return self._data(name, "quality")

    @Operation
    def checks(self, name: str) -> Asking[dict[str, Any]]:
        """Return whether the model learned entries by heart, and which branches it relies on.

        `overtraining` compares scores of training and held-out entries by true class: `ks` from 0 to 1,
        and its `p_value`. `importance` is the fall of the AUC, or the rise of the RMSE in units of the
        label, when one branch is shuffled. Each is None where it cannot be told.

        Raises:
            NotFoundError: there is no such run, or it has none; the hint says what writes them.
        """
        return self._data(name, "checks")

    @Operation
    def histograms(self, name: str) -> Asking[list[dict[str, Any]]]:
        """Return the values of each branch in bins, by class, before and after normalisation.

        One dictionary a branch: `edges` in units of the branch and `normalised_edges` in those of the
        network's input, of which there is one more than `counts`.

        Raises:
            NotFoundError: there is no such run, or it has none; the hint says what writes them.
        """
        return self._data(name, "histograms")

    @Operation
    def correlations(self, name: str) -> Asking[dict[str, Any]]:
        """Return `branches`, and the `matrix` of the correlations of each pair, from -1 to 1.

        Rows and columns are in the order of `branches`; None where a value never changes.

        Raises:
            NotFoundError: there is no such run, or it has none; the hint says what writes them.
        """
        return self._data(name, "correlations")

    @Operation
    def cutflow(self, name: str) -> Asking[dict[str, Any]]:
        """Return how many entries the files have, and how many pass the cuts: in all, and file by file.

        `cuts` says what each cut leaves, in the order of preproc.json; empty where that is not known.
        """
        return self._data(name, "cutflow")

    @Operation
    def features(self, name: str) -> Asking[FeatureList]:
        """Return what the network learns from, and the branches that it does not see, with reasons.

        Raises:
            ConflictError: it scores, or has not measured its files yet.
        """
        return self._call(FeatureList, "GET", f"/runs/{part(name)}/features")

    @Operation
    def sample(self, name: str) -> Asking[dict[str, Any]]:
        """Return one entry of the run's files, as `predict` takes it: values by branch, not normalised.

        Raises:
            NotFoundError: there is no such run or model, or none of its first entries passes the cuts.
            MlaasError: the files cannot be read any more.
        """
        sample = yield from self._data(name, "sample")
        entry: dict[str, Any] = sample["entry"]
        return entry

    @Operation
    def chunks(self, name: str) -> Asking[RunChunks]:
        """Return the chunks of a run, and what a training elsewhere has to know besides them.

        A chunk whose `size_bytes` is None is not made yet, or has expired.

        Raises:
            ConflictError: it scores or scans, or has not planned its chunks yet.
        """
        return self._call(RunChunks, "GET", f"/runs/{part(name)}/chunks")

    @Operation
    def fetch_chunk(self, name: str, index: int, path: str | Path) -> Asking[Path]:
        """Write one chunk of a run to a file, and return its path; it appears there when it is whole.

        Args:
            name: of the run.
            index: of the chunk, from 0.
            path: of the file, which is replaced.

        Raises:
            NotFoundError: there is no such run, or the chunk is not made yet or has expired.
        """
        return self._fetch(f"/runs/{part(name)}/chunks/{index}", path, None)

    @Operation
    def tensorboard(self, name: str, folder: str | Path) -> Asking[Path]:
        """Write the figures of each round into a folder of the run's name, for TensorBoard."""
        target = Path(folder) / name / f"events.out.tfevents.{name}"
        yield Work(lambda: target.parent.mkdir(parents=True, exist_ok=True))
        return (yield from self._fetch(f"/runs/{part(name)}/tensorboard", target, None))

    def _data(self, name: str, what: str) -> Asking[Any]:
        return self._json("GET", f"/runs/{part(name)}/{what}")
