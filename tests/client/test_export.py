import io
import json
import tarfile
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pandas as pd
import pytest
from onnx import helper

from mlaas4hep.client.export import export
from mlaas4hep.errors import InvalidRequestError
from tests import onnx_models

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


@pytest.fixture
def of_mlflow(tmp_path):
    """Return the folder of a model of MLflow with two columns, which gives their difference."""
    nodes = [helper.make_node("MatMul", ["input", "w"], ["scores"])]
    onnx = onnx_models.model(
        nodes,
        [("input", onnx_models.FLOAT, ["n", 2])],
        [("scores", onnx_models.FLOAT, ["n", 1])],
        constants={"w": [[1.0], [-1.0]]},
    )
    bundle = packed(tmp_path / "mlflow.tar.gz", FILES | {"model.onnx": onnx})
    export(bundle, tmp_path / "out", "mlflow")
    return tmp_path / "out"


TABLE = pd.DataFrame({"other": [9.0, 9.0], "eta": [1.0, 2.0], "pt": [5.0, 3.0]}, index=[7, 8])


def test_a_model_of_mlflow_says_what_goes_in_and_where_it_comes_from(of_mlflow):
    described = json.loads((of_mlflow / "MLmodel").read_text())
    given = json.loads(described["signature"]["inputs"])

    assert given == [{"name": "pt", "type": "double"}, {"name": "eta", "type": "double"}]
    assert described["metadata"]["metrics"] == {"auc": 0.8}
    assert "onnxruntime" in (of_mlflow / "requirements.txt").read_text()


def test_a_model_of_mlflow_takes_its_columns_by_name_in_any_order(of_mlflow):
    described = json.loads((of_mlflow / "MLmodel").read_text())["flavors"]["python_function"]
    path = of_mlflow / described["code"] / f"{described['loader_module']}.py"
    spec = spec_from_file_location("exported", path)
    exported = module_from_spec(spec)
    spec.loader.exec_module(exported)

    scores = exported._load_pyfunc(str(of_mlflow / described["data"])).predict(TABLE)

    pd.testing.assert_frame_equal(
        scores, pd.DataFrame({"score": np.float32([4, 1])}, index=TABLE.index)
    )


def test_mlflow_itself_predicts_with_it_and_holds_to_the_signature(of_mlflow):
    pyfunc = pytest.importorskip("mlflow.pyfunc", reason="needs cachetools < 8, which we do not")

    model = pyfunc.load_model(str(of_mlflow))

    assert model.predict(TABLE)["score"].tolist() == [4, 1]
    with pytest.raises(Exception, match="missing inputs"):
        model.predict(TABLE[["pt"]])
    with pytest.raises(Exception, match="Can not safely convert"):
        model.predict(TABLE.astype(str))


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
