"""The demo of TFaaS, call by call, through the public door."""

import pytest


@pytest.fixture(scope="module")
def model(alice, remote_job):
    alice.forget("tfaas")
    alice.upload("tfaas", remote_job(epochs=1, nevts=3000))
    run = alice.wait(alice.submit("tfaas", preproc="preproc.json"))["name"]
    yield run
    alice.forget("tfaas")


@pytest.fixture(scope="module")
def bundle(alice, model):
    return alice.workflow("GET", f"/model?process_name={model}").content


def row(alice, name):
    keys = alice.predict("GET", f"/models/{name}").json()["columns"]
    return {"keys": keys, "values": [0.2] * len(keys), "model": name}


def names(alice):
    return {found["name"] for found in alice.predict("GET", "/models").json()}


def test_a_trained_model_is_served_without_a_word(alice, model):
    assert model in names(alice)
    assert alice.predict("POST", "/json", json=row(alice, model)).status_code == 200


def test_a_bundle_is_uploaded_served_and_deleted(alice, model, bundle):
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/octet-stream"}
    sent = alice.predict("POST", "/upload?name=guest", content=bundle, headers=headers)
    assert sent.status_code == 200, sent.text
    asked = {**row(alice, model), "model": "guest"}

    first = alice.predict("POST", "/json", json=asked)
    gone = alice.predict("DELETE", "/delete", data={"model": "guest"})
    then = alice.predict("POST", "/json", json=asked)

    assert first.json() == alice.predict("POST", "/json", json={**asked, "model": model}).json()
    assert gone.status_code == 200
    assert then.status_code == 404
    assert "guest" not in names(alice)


def test_an_unknown_model_is_404_json(alice):
    answer = alice.predict("POST", "/json", json={"keys": ["x"], "values": [1.0], "model": "none"})

    assert answer.status_code == 404
    assert "error" in answer.json()
