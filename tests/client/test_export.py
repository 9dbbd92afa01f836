import io
import json
import tarfile

import pytest

from mlaas4hep.client.export import export
from mlaas4hep.errors import InvalidRequestError

CONTRACT = {"model": "luca_1", "version": "v3", "columns": ["pt", "eta"], "metrics": [["auc", 0.8]]}
FILES = {
    "contract.json": json.dumps(CONTRACT).encode(),
    "model.onnx": b"onnx",
    "model.keras": b"keras",
    "saved_model.pb": b"graph",
    "variables/variables.index": b"index",
    "history.json": b"{}",
}


@pytest.fixture
def bundle(tmp_path):
    return packed(tmp_path / "bundle.tar.gz", FILES)


def packed(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("to", "files"),
    [
        ("onnx", ("contract.json", "model.onnx")),
        ("keras", ("contract.json", "model.keras")),
        ("savedmodel", ("contract.json", "saved_model.pb", "variables/variables.index")),
    ],
)
def test_a_model_becomes_a_folder_with_what_the_tool_wants(bundle, tmp_path, to, files):
    assert export(bundle, tmp_path / "out", to) == files
    assert all((tmp_path / "out" / name).read_bytes() == FILES[name] for name in files)


def test_a_model_of_mlflow_says_what_goes_in_and_where_it_comes_from(bundle, tmp_path):
    export(bundle, tmp_path / "out", "mlflow")

    described = json.loads((tmp_path / "out" / "MLmodel").read_text())
    (given,) = json.loads(described["signature"]["inputs"])
    assert described["flavors"]["python_function"]["loader_module"] == "mlflow.onnx"
    assert given["tensor-spec"] == {"dtype": "float32", "shape": [-1, 2]}
    assert described["metadata"]["metrics"] == {"auc": 0.8}
    assert "onnxruntime" in (tmp_path / "out" / "requirements.txt").read_text()


def test_what_the_bundle_does_not_hold_is_named_with_what_it_does(bundle, tmp_path):
    with pytest.raises(InvalidRequestError, match=r"no model\.torchscript") as caught:
        export(bundle, tmp_path / "out", "torchscript")

    assert "onnx, keras, savedmodel, mlflow" in caught.value.problem.hint
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_there_is_not_written_over(bundle, tmp_path):
    with pytest.raises(InvalidRequestError, match="is there already"):
        export(bundle, tmp_path, "onnx")


def test_models_of_folds_are_refused_with_the_reason_and_a_way_out(tmp_path):
    files = {"contract.json": b"{}", "fold0/model.onnx": b"onnx", "fold1/model.onnx": b"onnx"}
    bundle = packed(tmp_path / "folds.tar.gz", files)

    with pytest.raises(InvalidRequestError, match="one model for each fold") as caught:
        export(bundle, tmp_path / "out", "onnx")

    assert "mlaas4hep model" in caught.value.problem.hint
    assert not (tmp_path / "out").exists()
