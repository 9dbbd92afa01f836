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


def test_neither_can_use_or_delete_what_is_the_others(runs, alice, bob):
    alice.forget("only")
    name = runs[0]["name"]
    bob.forget("pair")

    assert bob.workflow("GET", f"/status_docker?process_name={name}").status_code == 404
    assert alice.workflow("GET", f"/status_docker?process_name={name}").status_code == 200
    assert name in {model["name"] for model in alice.predict("GET", "/models").json()}
    assert name not in {model["name"] for model in bob.predict("GET", "/models").json()}
