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


@pytest.mark.parametrize(
    ("contract", "why"),
    [
        (CONTRACT | {"not_made": [{"file": "model.onnx", "reason": "no such operation"}]}, ": no"),
        (CONTRACT, ""),
        ({"not_made": 7}, ""),
        ([], ""),
    ],
)
def test_a_model_that_did_not_convert_says_why(tmp_path, contract, why):
    files = {"contract.json": json.dumps(contract).encode(), "model.keras": b"keras"}
    bundle = packed(tmp_path / "bundle.tar.gz", files)

    with pytest.raises(InvalidRequestError, match=f"no model.onnx, which onnx is made of{why}"):
        export(bundle, tmp_path / "out", "onnx")


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


def loaded(folder):
    """Return the module that MLflow calls, and the path that it passes."""
    described = json.loads((folder / "MLmodel").read_text())["flavors"]["python_function"]
    path = folder / described["code"] / f"{described['loader_module']}.py"
    spec = spec_from_file_location("exported", path)
    exported = module_from_spec(spec)
    spec.loader.exec_module(exported)
    return exported, str(folder / described["data"])


TABLE = pd.DataFrame({"other": [9.0, 9.0], "eta": [1.0, 2.0], "pt": [5.0, 3.0]}, index=[7, 8])


def test_a_model_of_mlflow_says_what_goes_in_and_where_it_comes_from(of_mlflow):
    described = json.loads((of_mlflow / "MLmodel").read_text())
    given = json.loads(described["signature"]["inputs"])

    assert given == [{"name": "pt", "type": "double"}, {"name": "eta", "type": "double"}]
    assert described["metadata"]["metrics"] == {"auc": 0.8}
    assert "onnxruntime" in (of_mlflow / "requirements.txt").read_text()


def test_a_model_of_mlflow_takes_its_columns_by_name_in_any_order(of_mlflow):
    exported, data = loaded(of_mlflow)

    scores = exported._load_pyfunc(data).predict(TABLE)

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


def constant_model(value):
    """Return a model that gives `value` and the first column, added."""
    nodes = [helper.make_node("MatMul", ["input", "w"], ["own"]),
             helper.make_node("Add", ["own", "c"], ["scores"])]  # fmt: skip
    return onnx_models.model(
        nodes,
        [("input", onnx_models.FLOAT, ["n", 2])],
        [("scores", onnx_models.FLOAT, ["n", 1])],
        constants={"w": [[1.0], [0.0]], "c": [value]},
    )


FOLDED = {**CONTRACT, "folding": {"folds": 2, "by": "event + 1", "reads": ["event"]}}


@pytest.fixture
def folded(tmp_path):
    files = {
        "contract.json": json.dumps(FOLDED).encode(),
        "fold0/model.onnx": constant_model(100.0),
        "fold1/model.onnx": constant_model(200.0),
        "fold0/model.tflite": b"lite",
        "fold0/variables/variables.index": b"0",
        "fold0/saved_model.pb": b"0",
        "fold1/variables/variables.index": b"1",
        "fold1/saved_model.pb": b"1",
        "fold0/model.torchscript": b"the other one did not convert",
    }
    return packed(tmp_path / "folds.tar.gz", files)


def test_models_of_folds_become_a_folder_each_and_a_file_that_says_which_of_them_answers(
    folded, tmp_path
):
    files = export(folded, tmp_path / "out", "onnx")

    assert files == ("contract.json", "fold0/model.onnx", "fold1/model.onnx", "folds.json")
    told = json.loads((tmp_path / "out" / "folds.json").read_text())
    assert (told["folds"], told["by"], told["models"]) == (2, "event + 1", [*files[1:3]])
    assert export(folded, tmp_path / "saved", "savedmodel") == (
        "contract.json", "fold0/saved_model.pb", "fold0/variables/variables.index",
        "fold1/saved_model.pb", "fold1/variables/variables.index", "folds.json",
    )  # fmt: skip


def test_a_format_that_one_fold_lacks_is_refused_with_what_all_have(folded, tmp_path):
    with pytest.raises(InvalidRequestError, match=r"no fold0/model\.torchscript") as caught:
        export(folded, tmp_path / "out", "torchscript")

    assert "onnx, savedmodel, mlflow" in caught.value.problem.hint
    assert not (tmp_path / "out").exists()


def test_models_of_folds_in_mlflow_take_the_fold_of_each_row_as_a_column(folded, tmp_path):
    export(folded, tmp_path / "out", "mlflow")
    described = json.loads((tmp_path / "out" / "MLmodel").read_text())
    assert json.loads(described["signature"]["inputs"])[-1] == {"name": "fold", "type": "long"}
    assert "onnx" not in described["flavors"]
    exported, data = loaded(tmp_path / "out")
    model = exported._load_pyfunc(data)
    table = TABLE.loc[[7, 8, 7]].assign(fold=[1, 0, 0])

    scores = model.predict(table)

    expected = pd.DataFrame({"score": np.float32([205, 103, 105])}, index=[7, 8, 7])
    pd.testing.assert_frame_equal(scores, expected)
    assert model.predict(table.iloc[:0]).shape == (0, 1)
    for folds in ([1, 0, 2], [1, 0, -1], [1, 0, np.nan]):
        with pytest.raises(ValueError, match="fold is not from 0 to 1 in every row"):
            model.predict(table.assign(fold=folds))
