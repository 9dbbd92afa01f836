"""One model in a notebook: asked, versioned, named."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlaas4hep.client import Client
from mlaas4hep.core.models.registry import ModelCard
from mlaas4hep.core.runs.views import Model as Shown
from mlaas4hep.notebook.html import model_html


class Model:
    """A model and its versions."""

    def __init__(self, client: Client, shown: Shown) -> None:
        self._client = client
        self._shown = shown

    def __repr__(self) -> str:
        return f"Model({self.name!r}, version {self.version!r})"

    def _repr_html_(self) -> str:
        return model_html(self._shown, self.versions)

    @property
    def name(self) -> str:
        """Return what it is asked by."""
        return self._shown.name

    @property
    def version(self) -> str:
        """Return the version that is served."""
        return self._shown.version

    @property
    def owner(self) -> str:
        """Return whose it is, if it is shared with you; empty for your own."""
        return "" if self._shown.mine else self._shown.owner

    @property
    def versions(self) -> pd.DataFrame:
        """Return the versions that are kept, the newest first."""
        rows = [
            {
                "version": each.version,
                "served": each.served,
                "aliases": ", ".join(each.aliases),
                "stored": each.stored_at,
                "trained as": each.provenance.trained_as,
                **dict(each.provenance.metrics),
            }
            for each in self._client.versions(self.name, owner=self.owner)
        ]
        return pd.DataFrame(rows).set_index("version")

    @property
    def card(self) -> ModelCard:
        """Return what somebody should know before they use it."""
        return self._client.card(self.name, owner=self.owner)

    def serve(self, version: str) -> "Model":
        """Serve a version (or an alias) from now on, such as an earlier one."""
        self._shown = self._client.serve(self.name, version)
        return self

    def roll_back(self) -> "Model":
        """Serve the version again that was served before the one that is."""
        self._shown = self._client.roll_back(self.name)
        return self

    def alias(self, alias: str, version: str = "") -> pd.DataFrame:
        """Let an alias mean a version (the served one if none is named); return the versions."""
        self._client.alias(self.name, alias, version or self.version)
        return self.versions

    def predict(self, entries: Any) -> NDArray[np.float64]:
        """Return the scores of entries; those that the cuts refuse are NaN.

        Args:
            entries: tables of pandas, awkward, NumPy, polars or Arrow, or dictionaries.
        """
        said = self._client.predict(self.name, entries=entries, owner=self.owner)
        return np.array(said["predictions"], dtype=np.float64)
