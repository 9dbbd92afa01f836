"""The files that make a folder with model.onnx, or one for each fold, a model of MLflow."""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

FOLDS = "folds.json"  #: of an exported model of folds
_DATA = "model.onnx"
_LOADER = "pyfunc"  #: the module that MLflow calls, and the name of its file


def write(folder: Path) -> list[str]:
    """Write them, and return their paths in the folder.

    A model that we trained takes a table with its columns by name; of any other one only the file
    knows what goes in.
    """
    path = folder / "contract.json"
    contract: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    texts = _by_columns(contract) if contract.get("columns") else _by_tensor()
    texts |= {"python_env.yaml": json.dumps(_ENV), "requirements.txt": _REQUIREMENTS}
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return list(texts)


def _by_columns(contract: dict[str, Any]) -> dict[str, str]:
    columns = [{"name": name, "type": "double"} for name in contract["columns"]]
    if contract.get("folding"):
        columns.append({"name": fold_column(contract["columns"]), "type": "long"})
    data = FOLDS if contract.get("folding") else _DATA
    loaded = {"loader_module": _LOADER, "data": data, "code": "code", "env": _WHERE}
    code = (files("mlaas4hep.oneprocess") / f"{_LOADER}.py").read_text(encoding="utf-8")
    described = {
        **_described(loaded),
        "signature": {"inputs": json.dumps(columns)},
        "metadata": {
            "model": contract.get("model", ""),
            "version": contract.get("version", ""),
            "values": "as the network takes them, normalised; contract.json has the ranges",
            "metrics": dict(contract.get("metrics", [])),
        },
    }
    return {"MLmodel": json.dumps(described, indent=1), f"code/{_LOADER}.py": code}


def _by_tensor() -> dict[str, str]:
    loaded = {"loader_module": "mlflow.onnx", "data": _DATA, "env": _WHERE}
    return {"MLmodel": json.dumps(_described(loaded), indent=1)}


def _described(loaded: dict[str, Any]) -> dict[str, Any]:
    """Return MLmodel, as JSON, which is YAML, too."""
    onnx = {"data": _DATA, "providers": ["CPUExecutionProvider"], "code": None}
    flavors = {"python_function": loaded}
    if loaded["data"] == _DATA:
        flavors["onnx"] = onnx
    return {"model_uuid": "", "utc_time_created": "", "flavors": flavors}


def fold_column(columns: Sequence[str]) -> str:
    """Return a name for the column with the fold of each row, which no other column has."""
    name = "fold"
    while name in columns:
        name += "_"
    return name


_WHERE = {"virtualenv": "python_env.yaml"}
_ENV = {"python": "3.11", "dependencies": ["-r requirements.txt"]}
_REQUIREMENTS = "mlflow\nonnx\nonnxruntime\nnumpy\npandas\n"
