"""The files of the page, and who is sent there."""

import gzip
import json
import re

import pytest

from mlaas4hep.http.workflow.page import page_files

TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}


@pytest.mark.parametrize("name", sorted(page_files()))
def test_every_file_is_served_packed_and_typed_and_not_sent_again(world, name):
    http = world.app.test_client()

    first = http.get(f"/ui/{name}", headers={"Accept-Encoding": "gzip"})
    again = http.get(
        f"/ui/{name}",
        headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]},
    )

    assert gzip.decompress(first.data) == http.get(f"/ui/{name}").data
    assert first.mimetype == TYPES[name.rpartition(".")[2]]
    assert "default-src 'self'" in first.headers["Content-Security-Policy"]
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", ["none.js", "../app.py", "%2e%2e/openapi.json", "vendor/../x.js"])
def test_nothing_else_is_served(world, path):
    assert world.app.test_client().get(f"/ui/{path}").status_code == 404


def test_browsers_are_led_to_the_page_and_programs_are_told_what_answers(world, alice):
    http = world.app.test_client()

    led = http.get("/", headers={"Accept": "text/html,*/*"})

    assert (led.status_code, led.headers["Location"]) == (303, "ui/")
    assert http.get("/ui").headers["Location"] == "ui/"  # behind a gateway, too
    assert http.get("/", headers={"Accept": "*/*"}).status_code == 401
    assert alice.get("/").json["service"] == "mlaas4hep workflow"
    assert http.get("/?action=runs", headers={"Accept": "text/html"}).status_code == 401


def test_nobody_is_led_to_where_only_a_server_without_a_gateway_would_have_it(alice):
    answer = alice.get("/runs//diff")

    assert (answer.status_code, "Location" in answer.headers) == (404, False)


def test_the_page_names_no_other_host():
    own = [name for name in page_files() if not name.startswith("vendor/")]
    named = {
        url for name in own for url in re.findall(rb"https?://[\w.-]+", page_files()[name].content)
    }

    assert named == {b"http://www.w3.org"}  # the name of SVG, asked of nobody


def test_who_signed_in_is_told_the_token_and_its_end(world, alice):
    told = json.loads(alice.get("/me/token").data)

    assert f"Bearer {told['token']}" == alice.header
    assert told["expires_at"].endswith("Z")
