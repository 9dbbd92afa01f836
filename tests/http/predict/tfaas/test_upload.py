"""Models made elsewhere."""

import base64
import gzip
import io
import json
import tarfile

import pytest


def packed(folder, *, mode="w:gz", top=None):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        tar.add(folder, arcname=top if top is not None else folder.name)
    return buffer.getvalue()


@pytest.fixture
def files(serving_models):
    """Return form fields of a frozen-style upload: one model file, its params and labels."""

    def make(model="model.tflite", params=None, **texts):
        content = (serving_models / "net" / model).read_bytes()
        fields = {"model": (f"/home/{model}", content), **{k: (None, v) for k, v in texts.items()}}
        if params is not None:
            fields["params"] = ("/home/my_params.json", json.dumps(params).encode())
            fields["labels"] = ("/home/labels.txt", b"signal\n")
        return fields

    return make


@pytest.mark.parametrize("texts", [{}, {"op": "serving_default_features"}])
def test_a_form_upload_is_served_at_once(alice, files, expected, texts):
    params = {"name": "net", "model": "x.pb", "labels": "l", "inputNode": "in", "outputNode": "out"}

    uploaded = alice.post("/upload", files=files(name="net", params=params, **texts))

    assert uploaded.status_code == 200
    assert {k: uploaded.json()[k] for k in ("model", "labels", "input_node", "outputNode")} == {
        "model": "model.tflite",
        "labels": "labels.txt",
        "input_node": "in",
        "outputNode": "out",
    }
    answer = alice.post("/json", json={"values": expected["rows"][1], "model": "net"})
    assert answer.json() == pytest.approx(expected["expected"][1], abs=1e-6)


def test_the_python_client_sends_base64(alice, files, expected):
    fields = files(name="net")
    content = base64.encodebytes(fields["model"][1])
    fields["model"] = ("model.tflite", content)

    uploaded = alice.post("/upload", files=fields, headers={"Content-Encoding": "base64"})

    assert uploaded.status_code == 200
    answer = alice.post("/json", json={"values": expected["rows"][1], "model": "net"})
    assert answer.json() == pytest.approx(expected["expected"][1], abs=1e-6)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": (None, "net")}, "request does not provide model"),
        ({"model": ("m.tflite", b"x")}, "request does not provide name"),
        ({"name": (None, "net"), "model": ("m.exe", b"x")}, "no model in the upload"),
        ({"name": (None, "a/b"), "model": ("m.tflite", b"x")}, "'a/b' cannot be used"),
        (
            {"name": (None, "a"), "model": ("m.tflite", b"x"), "params": ("p", b'{"name": "b"}')},
            "mismatch",
        ),
        ({"name": (None, "a"), "model": ("m.tflite", b"x"), "params": ("p", b"{")}, "not JSON"),
    ],
)
def test_incomplete_forms_are_refused(alice, fields, words):
    answer = alice.post("/upload", files=fields)

    assert answer.status_code == 400
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("mode", "headers"),
    [
        ("w", {}),
        ("w:gz", {}),
        ("w:gz", {"Content-Encoding": "gzip", "Content-Type": "application/octet-stream"}),
    ],
)
def test_a_bundle_is_called_like_its_folder(alice, bundle, mode, headers):
    uploaded = alice.post("/upload", content=packed(bundle("hits"), mode=mode), headers=headers)

    assert uploaded.status_code == 200
    assert uploaded.json()["name"] == "hits"
    assert "variables/variables.index" in uploaded.json()["files"]


@pytest.mark.parametrize(("mode", "filename"), [("w", "hits.tar"), ("w:gz", "hits.tar.gz")])
def test_a_form_may_bring_a_bundle(alice, bundle, mode, filename):
    fields = {"name": (None, "net"), "model": (filename, packed(bundle("hits"), mode=mode))}

    uploaded = alice.post("/upload", files=fields)

    assert (uploaded.status_code, uploaded.json()["name"]) == (200, "net")
    assert "variables/variables.index" in uploaded.json()["files"]


def test_a_bundle_may_go_where_earlier_releases_of_tfaas_took_it(alice, bundle):
    uploaded = alice.post("/bundle", content=packed(bundle("hits")))

    assert (uploaded.status_code, uploaded.json()["name"]) == (200, "hits"), uploaded.text


def test_a_bundle_packed_twice_is_unpacked_twice(alice, bundle):
    body = gzip.compress(packed(bundle("hits")))

    assert alice.post("/upload", content=body).json()["name"] == "hits"


def test_a_bundle_without_a_folder_is_called_as_its_params_say(alice, bundle):
    folder = bundle()
    (folder / "params.json").write_text('{"name": "luca_1", "description": "d"}')

    uploaded = alice.post("/upload", content=packed(folder, top=".")).json()

    assert (uploaded["name"], uploaded["description"]) == ("luca_1", "d")


def test_the_name_in_the_query_counts_most(alice, bundle):
    uploaded = alice.post("/upload?name=mine", content=packed(bundle("hits")))

    assert uploaded.json()["name"] == "mine"


def test_a_bundle_may_come_in_a_json_body(alice, bundle):
    body = base64.b64encode(packed(bundle("hits"))).decode()

    uploaded = alice.post("/", json={"action": "upload", "bundle": body})

    assert uploaded.json()["name"] == "hits"


def test_an_upload_replaces_all_files_of_the_one_before(world, alice, files):
    alice.post("/upload", files=files(name="net"))
    alice.post("/upload", files=files("model.keras", name="net"))

    kept = [info.key.split("/")[-1] for info in world.services.models.list("owner-alice/net/")]

    assert sorted(kept) == ["model.json", "model.keras"]


def hostile(name, **header):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo(name)
        for key, value in header.items():
            setattr(info, key, value)
        tar.addfile(info, io.BytesIO(b""))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no tar",
        hostile("../saved_model.pb"),
        hostile("/etc/saved_model.pb"),
        hostile("m/saved_model.pb", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        hostile("m/readme.txt"),
    ],
    ids=["empty", "no-tar", "parent", "absolute", "link", "no-model"],
)
def test_hostile_and_empty_bundles_are_refused(world, alice, body):
    answer = alice.post("/upload?name=m", content=body)

    assert answer.status_code == 400
    assert list(world.services.models.list("")) == []


def test_limits_are_kept(make_world, files):
    world = make_world(max_models=1, max_upload_bytes=50_000, max_bytes=40_000)
    with world.client("alice") as alice:
        statuses = [
            alice.post("/upload", files=files(name="one")).status_code,
            alice.post("/upload", files=files(name="one")).status_code,
            alice.post("/upload", files=files(name="two")).status_code,
            alice.post("/upload?name=one", content=b"x" * 60_000).status_code,
        ]

    assert statuses == [200, 200, 429, 413]


def test_a_saved_model_is_served_whatever_its_layers_are_called(alice, bundle, expected):
    alice.post("/upload", content=packed(bundle("hits")))

    answer = alice.post("/json", json={"values": expected["rows"], "model": "hits"})

    assert alice.get("/models/hits").json()["platform"] == "tensorflow"
    assert [row[0] for row in answer.json()] == pytest.approx(
        [row[0] for row in expected["expected"]], abs=1e-6
    )
