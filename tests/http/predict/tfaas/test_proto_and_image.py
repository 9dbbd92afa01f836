"""TFaaS's protobuf and image routes."""

import gzip
import io
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from PIL import Image

from mlaas4hep.core import keys, wire
from mlaas4hep.http.predict.protobuf import MAX_FIELDS
from mlaas4hep.http.predict.tfaas.predictions import Picture
from mlaas4hep.ports import TensorInfo


@pytest.fixture(scope="module")
def messages():
    """Return TFaaS's messages as the real protobuf library makes them."""
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="tfaaspb", syntax="proto3")

    def message(name, *fields):
        described = file.message_type.add(name=name)
        for number, (field, kind, repeated) in enumerate(fields, 1):
            added = described.field.add(name=field, number=number, label=3 if repeated else 1)
            if isinstance(kind, str):
                added.type, added.type_name = 11, kind
            else:
                added.type = kind

    message("Row", ("key", 9, True), ("value", 2, True), ("model", 9, False))
    message("Class", ("label", 9, False), ("probability", 2, False))
    message("Predictions", ("prediction", ".tfaaspb.Class", True))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClassesForFiles([file.name], pool)


@pytest.fixture
def row(messages):
    def make(values, keys=(), model="luca_1"):
        return messages["tfaaspb.Row"](key=keys, value=values, model=model).SerializeToString()

    return make


@pytest.fixture
def probabilities(messages):
    def read(answer):
        assert answer.status_code == 200
        parsed = messages["tfaaspb.Predictions"].FromString(answer.content)
        return [(each.label, each.probability) for each in parsed.prediction]

    return read


def test_a_row_is_answered_with_predictions(world, alice, expected, row, probabilities):
    world.serve_trained()
    message = row(expected["rows"][1][::-1], ["Muon_pt_1", "Muon_pt_0", "njets", "met"])

    for path in ("/proto", "/predict/proto"):
        ((label, probability),) = probabilities(alice.post(path, content=message))

        assert (label, probability) == ("", pytest.approx(expected["expected"][1][0], abs=1e-6))


def test_floats_may_come_one_by_one(world, alice, expected, probabilities):
    world.serve()
    values = np.array(expected["rows"][1], "<f4")
    message = b"".join(b"\x15" + value.tobytes() for value in values) + b"\x1a\x06luca_1"

    assert len(probabilities(alice.post("/proto", content=message))) == 1


@pytest.mark.parametrize("each", [b"\0\0", b"\x0a\0", b"\x15\0\0\0\0", b"\x12\0"])
def test_a_message_of_ever_more_fields_holds_nobody_up(world, alice, each):
    """Twenty million of them in 50 KB of gzip took predict's event loop 36 s."""
    world.serve()
    packed = gzip.compress(each * (MAX_FIELDS + 1))

    answer = alice.post("/proto", content=packed, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 400
    assert f"it has more than {MAX_FIELDS} fields" in answer.json()["error"]


@pytest.mark.parametrize(
    "message", [b"\xff", b"\x0a\xff\x01", b"\x0b", b"\x12\x03abc", b"\x0a\x01\xff", b"\xff" * 20]
)
def test_what_is_no_row_is_refused(world, alice, message):
    world.serve()

    answer = alice.post("/proto?model=luca_1", content=message)

    assert answer.status_code == 400
    assert "unable to unmarshal Row" in answer.json()["error"]


@pytest.fixture
def picture():
    def make(form="PNG", size=(8, 8), colour=(250, 10, 20)):
        buffer = io.BytesIO()
        Image.new("RGB", size, colour).save(buffer, form)
        return {"image": (f"p.{form.lower()}", buffer.getvalue()), "model": (None, "images")}

    return make


@pytest.fixture
def images(world):
    """Serve the image model with the names of its classes."""
    record = world.serve("images", folder="image", labels="labels.txt")
    key = f"{record.owner}/images/v1/labels.txt"
    world.services.models.put(key, b"higgs\nqcd\nmuons\n")
    record = replace(record, files=("model.tflite", "labels.txt"))
    world.services.models.put(keys.model(record.owner, "images"), wire.dump(record))


@pytest.mark.parametrize(
    ("path", "form", "size"),
    [
        ("/image", "PNG", (8, 8)),
        ("/image", "JPEG", (16, 24)),
        ("/image", "PNG", (3, 3)),
    ],
)
@pytest.mark.usefixtures("images")
def test_an_image_is_answered_with_its_best_labels(alice, picture, path, form, size):
    answer = alice.post(path, files=picture(form, size)).json()

    assert answer["filename"] == f"p.{form.lower()}"
    assert [each["label"] for each in answer["labels"]] == ["higgs", "muons", "qcd"]
    assert sum(each["probability"] for each in answer["labels"]) == pytest.approx(1, abs=1e-5)


def test_greys_of_two_bytes_are_read_by_the_higher_one():
    greys = (np.arange(64, dtype=np.uint16) * 1000).reshape(8, 8)
    buffer = io.BytesIO()
    Image.fromarray(greys).save(buffer, "PNG")
    takes = TensorInfo(name="pixels", dtype="float32", shape=(-1, 8, 8, 1))
    model = SimpleNamespace(runtime=SimpleNamespace(inputs=(takes,)))

    fed = Picture(filename="p.png", data=buffer.getvalue()).feeds(model)

    np.testing.assert_array_equal(fed["pixels"][0, :, :, 0], greys // 256)


def test_tfaas_answers_an_image_with_a_vector(images, alice, picture):
    labels = alice.post("/image", files=picture()).json()["labels"]

    vector = alice.post("/predict/image", files=picture()).json()

    assert sorted(vector, reverse=True) == [each["probability"] for each in labels]


@pytest.mark.parametrize(
    ("file", "is_vector"),
    [("saved_model.pb", True), ("7/saved_model.pb", True), ("graph.pb", False), ("g.pbtxt", False)],
)
def test_only_a_graph_of_tensorflow_1_is_answered_with_labels_as_tfaas_does(file, is_vector):
    numbers = np.float32([[0.25, 0.75]])
    served = SimpleNamespace(
        record=SimpleNamespace(labels="labels.txt", file=file),
        answered=lambda outputs: outputs["y"],
        named=lambda _numbers: ("higgs", "qcd"),
    )

    answer = json.loads(
        Picture(filename="p.png", data=b"").as_tfaas(served, {"y": numbers}, ()).body
    )

    labels = [{"label": "qcd", "probability": 0.75}, {"label": "higgs", "probability": 0.25}]
    assert answer == ([0.25, 0.75] if is_vector else {"filename": "p.png", "labels": labels})


def test_an_image_may_be_answered_with_protobuf(images, alice, picture, probabilities):
    answer = alice.post("/image", files=picture(), headers={"Accept": "application/x-protobuf"})

    assert [label for label, _ in probabilities(answer)] == ["higgs", "qcd", "muons"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"model": (None, "images")}, "unable to read image"),
        ({"image": ("x.png", b"x")}, "unable to read model"),
        ({"image": ("x.png", b"no image"), "model": (None, "images")}, "Invalid image"),
    ],
)
def test_what_is_no_image_is_refused(images, alice, files, words):
    answer = alice.post("/image", files=files)

    assert (answer.status_code, words in answer.json()["error"]) == (400, True)


def test_a_model_of_columns_takes_no_image(world, alice, picture):
    world.serve("images", folder="pair")

    assert alice.post("/image", files=picture()).status_code == 400
