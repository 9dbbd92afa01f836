"""Two people at once."""

import pytest


@pytest.fixture(scope="module")
def runs(alice, bob, remote_job):
    """Submit the same name for both before either is done, and wait for both."""
    people = (alice, bob)
    for person in people:
        person.forget("pair")
        person.upload("pair", remote_job(epochs=1, nevts=4000))
    names = [person.submit("pair", preproc="preproc.json") for person in people]
    yield [person.wait(name) for person, name in zip(people, names, strict=True)]
    for person in people:
        person.forget("pair")


def test_both_get_a_run_of_that_name(runs):
    assert [run["name"] for run in runs] == ["pair_1", "pair_1"] or runs[0]["name"].startswith(
        "pair_"
    )


def test_each_sees_one_run_of_it(runs, alice, bob):
    seen = [person.workflow("GET", "/runs?folder=pair").json()["total"] for person in (alice, bob)]

    assert seen == [1, 1]


def test_what_one_deletes_the_other_keeps(runs, alice, bob):
    name = runs[0]["name"]
    bob.forget("pair")

    assert bob.workflow("GET", f"/status_docker?process_name={name}").status_code == 404
    assert alice.workflow("GET", f"/status_docker?process_name={name}").status_code == 200


def test_a_model_is_its_owners_alone(runs, alice, bob):
    bundle = alice.workflow("GET", f"/model?process_name={runs[0]['name']}").content
    sent = alice.predict("POST", "/upload?name=private", content=bundle)
    asked = {"model": "private", "entries": [{}]}

    seen = [model["name"] for model in bob.predict("GET", "/models").json()]
    used = bob.predict("POST", "/json", json=asked)
    gone = bob.predict("DELETE", "/delete/private")
    mine = alice.predict("DELETE", "/delete/private")

    assert sent.status_code == 200
    assert "private" not in seen
    assert (used.status_code, gone.status_code, mine.status_code) == (404, 404, 200)
