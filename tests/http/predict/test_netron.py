"""The model's graph in the browser."""

import base64
import hashlib
from dataclasses import replace

from mlaas4hep.core import keys
from mlaas4hep.faas.unread import MOST_BYTES
from mlaas4hep.pipeline import modelrecords


def test_the_page_is_reached_with_and_without_a_slash(nobody):
    with_slash, without = nobody.get("/netron/?model=m").text, nobody.get("/netron?model=m").text

    assert with_slash == without.replace('<base href="netron/">', "")
    assert 'src="open.js"' in with_slash
    assert nobody.get("/netron/open.js").headers["content-type"] == "text/javascript"


def test_netron_comes_from_its_package_and_reports_to_nobody(nobody):
    page = nobody.get("/netron/app/index.html")

    assert '<meta name="version" content="0.0.0">' in page.text
    assert "consent=1" in page.headers["set-cookie"]
    assert "connect-src 'self' blob:" in page.headers["content-security-policy"]
    assert nobody.get("/netron/app/view.js").status_code == 200


def test_nothing_else_can_be_read(nobody):
    for path in ("app/../server.py", "app/server.py", "app/%2e%2e/x.js", "x", "app/"):
        assert nobody.get(f"/netron/{path}").status_code == 404


def test_a_model_is_given_to_who_may_read_it(world, alice, bob, nobody):
    world.serve()

    answer = alice.get("/netron/model?model=luca_1")

    assert (answer.status_code, answer.headers["x-file"]) == (200, "model.tflite")
    assert answer.content[4:8] == b"TFL3"
    assert bob.get("/netron/model?model=owner-alice/luca_1").status_code == 404
    assert nobody.get("/netron/model?model=luca_1").status_code == 401


def test_a_models_file_comes_with_its_digest(world, alice):
    world.serve()

    answer = alice.get("/netron/model?model=luca_1")

    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_file_that_no_browser_could_draw_is_not_read(world, alice):
    """A bundle may hold larger files than the one that is served; they lay in memory whole."""
    record = world.serve(files=("model.tflite",))
    key = keys.model_file(record.owner, record.name, record.version, "model.keras")
    world.services.models.put(key, bytes(MOST_BYTES + 1))
    modelrecords.write(replace(record, files=(*record.files, "model.keras")), world.services.models)

    answer = alice.get("/netron/model?model=luca_1")

    assert answer.status_code == 413
    assert "model.keras has 268435457 bytes" in answer.json()["error"]
