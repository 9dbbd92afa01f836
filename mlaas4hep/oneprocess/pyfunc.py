"""What an exported model of MLflow predicts with: ONNX and a table of the columns by name.

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

    def __init__(self, file: Path, contract: dict[str, Any]) -> None:
        """Load `file`, whose columns `contract` names."""
        self._columns = list(contract["columns"])
        self._classes = list(contract.get("classes", ()))
        self._positive = contract.get("positive") or "score"
        self._session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

    def predict(self, table: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """Return a row of scores for each row of `table`, whose columns may stand in any order."""
        rows = table[self._columns].to_numpy(np.float32)
        (fed,) = (each.name for each in self._session.get_inputs())
        given = self._session.run(None, {fed: rows})[0]
        scores = given.reshape(len(rows), int(np.prod(given.shape[1:])))
        return pd.DataFrame(scores, columns=self._names(scores.shape[1]), index=table.index)

    def _names(self, width: int) -> list[str]:
        if width == len(self._classes):
            return self._classes
        return [self._positive] if width == 1 else [f"score_{number}" for number in range(width)]


class FoldsModel:
    """Models of folds: a column besides says which of them has not learned from the row."""

    def __init__(self, file: Path, contract: dict[str, Any]) -> None:
        """Load the models that `file`, folds.json, names."""
        described = json.loads(file.read_bytes())
        self._column = described["column"]
        self._models = [ColumnsModel(file.parent / name, contract) for name in described["models"]]

    def predict(self, table: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """Return a row of scores for each row of `table`, by the model of its fold."""
        folds = table[self._column].to_numpy()
        if not np.isin(folds, range(len(self._models))).all():
            raise ValueError(
                f"{self._column} is not from 0 to {len(self._models) - 1} in every row"
            )
        places = [np.flatnonzero(folds == fold) for fold in range(len(self._models))]
        parts = [
            model.predict(table.iloc[rows])
            for model, rows in zip(self._models, places, strict=True)
            if len(rows)
        ]
        if not parts:
            return self._models[0].predict(table)
        return pd.concat(parts).iloc[np.argsort(np.concatenate(places), kind="stable")]


def _load_pyfunc(path: str) -> ColumnsModel | FoldsModel:
    file = Path(path)
    contract = json.loads(file.with_name("contract.json").read_bytes())
    kind = FoldsModel if file.name == "folds.json" else ColumnsModel
    return kind(file, contract)
