"""One run in a notebook: it shows itself, and gives what was measured as tables and histograms."""

from typing import Any

import pandas as pd
from hist import Hist

from mlaas4hep.client import Client
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import ConflictError
from mlaas4hep.notebook import drawing
from mlaas4hep.notebook.html import run_html
from mlaas4hep.notebook.live import view
from mlaas4hep.notebook.model import Model


class Run:
    """A run as it was when it was last looked at; `refresh` and `watch` look again."""

    def __init__(self, client: Client, report: Report) -> None:
        self._client = client
        self.report = report

    def __repr__(self) -> str:
        return f"Run({self.name!r}, {str(self.status)!r})"

    def _repr_html_(self) -> str:
        return run_html(self.report)

    @property
    def name(self) -> str:
        """Return the run's name, such as `luca_1`."""
        return self.report.name

    @property
    def status(self) -> Status:
        """Return where the run stands."""
        return self.report.status

    @property
    def metrics(self) -> pd.Series:
        """Return its figures by name."""
        return pd.Series(self.report.metrics, name=self.name, dtype=float)

    def refresh(self) -> "Run":
        """Look again."""
        self.report = self._client.run(self.name)
        return self

    def watch(self) -> "Run":
        """Show the run live, in Jupyter or at a terminal, until it is over.

        Raises:
            ConflictError: it failed; the message is the run's own.
        """
        with view() as show:
            for report in self._client.watch(self.name):
                self.report = report
                show(report)
        problem = self.report.problem
        if problem is not None:
            error = ConflictError(f"{self.name} failed: {problem.message}", hint=problem.hint)
            if problem.hint:
                error.add_note(problem.hint)
            raise error
        return self

    def cancel(self) -> "Run":
        """Stop it."""
        self.report = self._client.cancel(self.name)
        return self

    @property
    def history(self) -> pd.DataFrame:
        """Return the figures of each round so far, while it trains too."""
        table = pd.DataFrame(self._client.history(self.name), dtype=float)
        table.index = pd.RangeIndex(1, len(table) + 1, name="round")
        return table

    @property
    def features(self) -> pd.DataFrame:
        """Return what the network learns from, and what was measured in it."""
        found = self._client.features(self.name).features
        names = (
            "branch",
            "columns",
            "low",
            "high",
            "nan",
            "infinite",
            "missing",
            "clipped",
            "used",
            "categories",
        )
        rows = [[getattr(each, name) for name in names] for each in found]
        return pd.DataFrame(rows, columns=list(names)).set_index("branch")

    @property
    def cutflow(self) -> pd.DataFrame:
        """Return how many entries each file has, what each cut leaves, and how many pass all."""
        flow = self._client.cutflow(self.name)
        cuts = [count["cut"] for count in flow.get("cuts", ())]
        rows = []
        for each in flow["files"]:
            left = {count["cut"]: count["passed"] for count in each.get("cuts", ())}
            of_cuts = [left.get(cut) for cut in cuts]
            rows.append([each["entries"], *of_cuts, each["passed"]])
        files = pd.Index([each["file"] for each in flow["files"]], name="file")
        return pd.DataFrame(rows, files, columns=["entries", *cuts, "passed"])

    @property
    def importance(self) -> pd.DataFrame:
        """Return how far the AUC falls, or the RMSE grows, when a branch is shuffled.

        Raises:
            NotFoundError: it was not looked at; the hint says when it is.
        """
        found = self._client.checks(self.name)["importance"] or {"branches": []}
        rows = [[each["branch"], each["drop"], each["error"]] for each in found["branches"]]
        return pd.DataFrame(rows, columns=["branch", "drop", "error"]).set_index("branch")

    def log(self, stage: str = "") -> str:
        """Return the log, or that of one stage."""
        return self._client.logs(self.name, stage)

    def roc(self, ax: Any = None) -> Any:
        """Draw the ROC curve of each part of the data, with areas; return the axes."""
        return drawing.roc(self._client.quality(self.name), ax)

    def scores(self, of: str = "") -> dict[str, dict[str, Hist]]:
        """Return the score of one class (the last, if none is named) by part and true class.

        Raises:
            NotFoundError: there is no such class, or it has no scores of its own.
        """
        return drawing.scores(self._client.quality(self.name), of)

    def histograms(self) -> dict[str, dict[str, Hist]]:
        """Return the values of each branch by true class (`all`, if there are no classes)."""
        return drawing.histograms(self._client.histograms(self.name))

    def draw(self, branch: str, ax: Any = None) -> Any:
        """Draw one branch by class; return the axes.

        Raises:
            NotFoundError: there is no such branch.
        """
        return drawing.branch(self.histograms(), branch, ax)

    @property
    def model(self) -> Model:
        """Return the model that it trained.

        Raises:
            ConflictError: it has trained none (yet).
        """
        if not self.report.model:
            raise ConflictError(f"{self.name} has no model: it is {self.status}")
        return Model(self._client, self._client.model(self.report.model))
