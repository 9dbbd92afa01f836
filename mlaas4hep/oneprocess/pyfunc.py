"""What an exported model of MLflow predicts with: model.onnx and a table of its columns by name.

`mlaas4hep export --to mlflow` copies this file into the model's folder, where MLflow calls
`_load_pyfunc`; it needs ONNX Runtime and pandas, and nothing of mlaas4hep.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd


class ColumnsModel:
    """A model that takes the network's columns, normalised as contract.json says."""

    def __init__(self, file: Path) -> None:
        """Load `file`; contract.json lies beside it."""
        contract = json.loads(file.with_name("contract.json").read_bytes())
        self._columns = list(contract["columns"])
        self._classes = list(contract.get("classes", ()))
        self._positive = contract.get("positive") or "score"
        self._session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

    def predict(self, table: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """Return a row of scores for each row of `table`, whose columns may stand in any order."""
        rows = table[self._columns].to_numpy(np.float32)
        (fed,) = (each.name for each in self._session.get_inputs())
        scores = self._session.run(None, {fed: rows})[0].reshape(len(rows), -1)
        return pd.DataFrame(scores, columns=self._names(scores.shape[1]), index=table.index)

    def _names(self, width: int) -> list[str]:
        if width == len(self._classes):
            return self._classes
        return [self._positive] if width == 1 else [f"score_{number}" for number in range(width)]


def _load_pyfunc(path: str) -> ColumnsModel:
    return ColumnsModel(Path(path))
