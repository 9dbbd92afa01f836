"""Routes reached by an action in the body or the query, as OpenFaaS's gateway calls a function."""

import pytest

from tests.people import FOLDER


def test_everything_is_reached_by_an_action_in_the_body_or_the_query(alice):
    alice.upload()

    made = alice.post(
        "/", data='{"action": "submit", "name": "luca"}', headers={"Content-Type": "text/plain"}
    )
    shown = alice.get("/?action=status_docker&process_name=luca_1")
    status = alice.post("/", data='{"action": "status", "run": "luca_1"}')
    listed = alice.post("/", data='{"action": "list_runs", "limit": 1}')

    assert made.json["process_name"] == "luca_1"
    assert shown.json["status"].startswith("Less than a second") or "Up" in shown.json["status"]
    assert status.json["status"] == "submitted"
    assert listed.json["total"] == 1


def test_an_unknown_action_names_the_nearest(alice):
    response = alice.post("/", data='{"action": "sumbit"}')

    assert response.status_code == 400
    assert response.json["error"]["hint"] == "did you mean 'submit'?"


def test_an_upload_by_action_takes_the_body(alice, tarball):
    response = alice.post("/?action=upload&name=luca", data=tarball(FOLDER))

    assert response.text == "Successfully uploaded!\n"


@pytest.mark.parametrize(
    ("value", "says"),
    [("[1]", "argument 'limit' is a list"), ('{"a": 1}', "argument 'limit' is an object")],
)
def test_an_argument_that_no_query_could_hold_is_refused(alice, value, says):
    answer = alice.post("/", data=f'{{"action": "list_runs", "limit": {value}}}')

    assert answer.status_code == 400
    assert says in answer.json["error"]["message"]
