import pytest

from mlaas4hep.core.models.bundle.kinds import drawn_file, kind_of, served_file

TRAINED = ("contract.json", "model.keras", "model.onnx", "model.tflite", "saved_model.pb")


@pytest.mark.parametrize(
    ("files", "named", "served"),
    [
        (TRAINED, "saved_model.pb", "model.tflite"),
        (TRAINED, "model.onnx", "model.onnx"),
        (TRAINED, "", "model.tflite"),
        (("fingerprint.pb", "saved_model.pb"), "", "saved_model.pb"),
        (("a.pb", "b.pb"), "b.pb", "b.pb"),
        (("model.h5", "notes.txt"), "absent.pb", "model.h5"),
    ],
)
def test_the_file_that_is_named_is_served_or_else_the_quickest(files, named, served):
    found = served_file(files, named)

    assert found is not None
    assert found[0] == served


@pytest.mark.parametrize("files", [(), ("notes.txt", "fingerprint.pb", "keras_metadata.pb")])
def test_a_bundle_without_a_model_has_none(files):
    assert served_file(files) is None
    assert drawn_file(files) is None


def test_the_clearest_graph_is_drawn():
    assert drawn_file(TRAINED) == "model.keras"


def test_a_kind_has_a_name_in_the_open_inference_protocol():
    kind = kind_of("deep/model.onnx")

    assert kind is not None
    assert (kind.engine, kind.platform) == ("onnx", "onnxruntime_onnx")
