"""What clients of MLaaS4HEP_server and TFaaS send: answered as there, or refused in words.

Their submissions, and a host that does not exist, are rows of test_training.py.
"""

import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.http.predict.packing import packed

pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_file_for_tfaas_is_refused_and_not_dropped(ask):
    dropped = ask("POST", "/setup_tfaas", function="workflow", files={"file": ("a.tar.gz", b"x")})

    assert (dropped.status_code, "upload" in dropped.text) == (400, True)


def test_no_model_is_null(ask):
    assert ask("GET", "/models", user="bob").text.strip() == "null"


def test_an_image_is_answered_with_a_vector(ask, serving_models):
    image = Image.new("RGB", (8, 8), (250, 10, 20))
    picture = io.BytesIO()
    image.save(picture, "PNG")
    lite = (serving_models / "image" / "model.tflite").read_bytes()
    labels = json.dumps({"labels": "labels.txt"}).encode()
    extra = {"model.tflite": lite, "labels.txt": b"higgs\nqcd\nmuons\n", "params.json": labels}
    body = packed(None, extra={f"model/{name}": text for name, text in extra.items()})
    assert ask("POST", "/upload?name=images", content=body).status_code == 200
    sent = {"image": ("p.png", picture.getvalue()), "model": (None, "images")}

    vector = ask("POST", "/predict/image", files=sent)
    named = ask("POST", "/image", files=sent)

    means = np.array([250, 10, 20]) / 255
    right = np.exp(means) / np.exp(means).sum()
    np.testing.assert_allclose(vector.json(), right, rtol=1e-4)
    best = named.json()["labels"]
    assert [each["label"] for each in best] == ["higgs", "muons", "qcd"]
