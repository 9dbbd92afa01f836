"""Runs on the node: from upload to prediction, and through what happens to pods."""

import json
from contextlib import contextmanager

import pytest

from deploy.testbed import process
from deploy.testbed.cluster import kubectl, node, site
from tests.platform.outside import FINAL, RUN_S

CHUNKS = "chunk-preprocess"


def test_a_run_ends_with_a_model_that_predicts(alice, submit):
    report = alice.wait(submit("node", epochs=2))

    answer = alice.predict("GET", f"/v2/models/{report['model']}")
    assert answer.status_code == 200, answer.text
    (given,) = answer.json()["inputs"]
    values = [[0.5] * given["shape"][1]]
    scored = alice.predict(
        "POST", f"/v1/models/{report['model']}:predict", json={"instances": values}
    )
    assert scored.status_code == 200, scored.text
    assert 0 <= scored.json()["predictions"][0][0] <= 1


def training(alice, run):
    """Return when the run trains."""
    process.wait(lambda: alice.status(run)["status"] in {"training", *FINAL}, RUN_S, "training")
    assert alice.status(run)["status"] == "training"


@contextmanager
def no_functions_on_the_node(cluster):
    """Drain the node of functions, as for an upgrade of it; afterwards it takes pods again."""
    kubectl.run(
        cluster, "drain", node.NODE, "--pod-selector=faas_function", "--delete-emptydir-data",
        "--ignore-daemonsets", "--force", "--timeout=180s",
    )  # fmt: skip
    try:
        yield
    finally:
        kubectl.run(cluster, "uncordon", node.NODE)


def test_a_training_goes_on_after_a_rolling_update(alice, submit, cluster):
    run = submit("rolled", epochs=60, chunk_size=1000)
    training(alice, run)

    kubectl.run(cluster, "-n", site.FUNCTIONS, "rollout", "restart", "deployment/train")
    site.rolled_out(cluster, site.FUNCTIONS, "deployment/train")

    assert alice.wait(run)["attempt"] == 1


def test_a_training_goes_on_after_a_drain(alice, submit, cluster):
    run = submit("drained", epochs=60, chunk_size=1000)
    training(alice, run)

    with no_functions_on_the_node(cluster):
        assert alice_cannot_reach_workflow(alice)

    process.wait(lambda: alice.workflow("GET", "/hello").status_code == 200, 120, "workflow")
    assert alice.wait(run)["attempt"] == 1


def alice_cannot_reach_workflow(alice):
    return alice.workflow("GET", "/hello").status_code >= 500


def memory(cluster, function, limit):
    change = [{"op": "replace", "path": LIMIT, "value": limit}]
    kubectl.run(
        cluster, "-n", site.FUNCTIONS, "patch", "deployment", function, "--type=json",
        "-p", json.dumps(change),
    )  # fmt: skip


LIMIT = "/spec/template/spec/containers/0/resources/limits/memory"


def was_killed_for_memory(cluster, function):
    said = kubectl.run(
        cluster,
        "-n",
        site.FUNCTIONS,
        "get",
        "pods",
        "-l",
        f"faas_function={function}",
        "-o",
        "json",
    )
    states = [
        status.get(state, {}).get("terminated", {}).get("reason")
        for pod in json.loads(said)["items"]
        for status in pod["status"].get("containerStatuses", [])
        for state in ("state", "lastState")
    ]
    return "OOMKilled" in states


def test_a_run_outlives_pods_that_are_killed_for_memory(alice, submit, cluster):
    request = {"op": "replace", "path": LIMIT.replace("limits", "requests"), "value": "16Mi"}
    kubectl.run(
        cluster, "-n", site.FUNCTIONS, "patch", "deployment", CHUNKS, "--type=json",
        "-p", json.dumps([request]),
    )  # fmt: skip
    memory(cluster, CHUNKS, "40Mi")
    try:
        run = submit("starved", epochs=1)
        process.wait(lambda: was_killed_for_memory(cluster, CHUNKS), 120, "a killed pod")
    finally:
        memory(cluster, CHUNKS, "3Gi")

    assert alice.wait(run)["model"]


@pytest.mark.parametrize("server", ["nats-0", "nats-1", "nats-2"])
def test_a_run_outlives_each_server_of_the_bus(alice, submit, cluster, server):
    run = submit("bus", epochs=1)

    kubectl.run(cluster, "-n", site.OURS, "delete", "pod", server, "--grace-period=1")

    assert alice.wait(run)["model"]
    site.rolled_out(cluster, site.OURS, "statefulset/nats")
