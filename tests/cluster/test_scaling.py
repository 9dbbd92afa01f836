"""KEDA follows what waits: chunk-preprocess from its least to three, and back; and quotas."""

import json
from contextlib import contextmanager

import pytest

from deploy.testbed import process
from deploy.testbed.cluster import kubectl, site
from tests.platform.outside import RUN_S

FUNCTION = "chunk-preprocess"
SCALED = ("specs", FUNCTION, "train")


def ready(cluster):
    return len(site.pods(cluster, FUNCTION))


@pytest.fixture
def at_rest(cluster):
    """Wait until nothing is left to do, so that KEDA has taken the functions down to none."""
    for function in SCALED:
        site.wait_for_pods(cluster, function, 0, patience_s=240)


def test_what_waits_makes_replicas_and_they_go_when_it_is_done(alice, submit, cluster, at_rest):
    most = 0

    def grown():
        nonlocal most
        most = max(most, ready(cluster))
        return most >= 3

    one, *others = (submit(f"lag{size}", epochs=1, chunk_size=size) for size in range(20, 26))
    process.wait(grown, RUN_S, "three replicas")
    for run in others:  # they were there for their chunks, and need not train
        assert alice.workflow("POST", f"/function/workflow/runs/{run}/cancel").is_success
    assert alice.wait(one)["model"]

    process.wait(lambda: ready(cluster) == 0, 240, "chunk-preprocess at rest again")


@contextmanager
def at_most_pods(cluster, count):
    """Hold the namespace of the functions to so many pods."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few", "namespace": site.FUNCTIONS},
        "spec": {"hard": {"pods": str(count)}},
    }
    kubectl.run(cluster, "apply", "-f", "-", given=json.dumps(quota))
    try:
        yield
    finally:
        kubectl.run(cluster, "-n", site.FUNCTIONS, "delete", "resourcequota", "few")


def has_said(cluster, reason, words):
    """Tell whether the cluster has an event of the functions with these words."""
    query = ("get", "events", f"--field-selector=reason={reason}", "-o", "json")
    found = json.loads(kubectl.run(cluster, "-n", site.FUNCTIONS, *query))["items"]
    return any(words in each["message"] for each in found)


def test_a_run_waits_for_a_quota_and_ends_when_there_is_room(alice, submit, cluster, at_rest):
    with at_most_pods(cluster, 1):
        run = submit("quota", epochs=1)
        process.wait(
            lambda: has_said(cluster, "FailedCreate", "exceeded quota: few"), 120, "a refused pod"
        )
        assert not alice.has_ended(run)

    assert alice.wait(run)["attempt"] == 1


def test_the_lag_is_what_the_autoscaler_reads(cluster):
    said = kubectl.run(
        cluster, "-n", site.FUNCTIONS, "get", "hpa", f"keda-hpa-{FUNCTION}",
        "-o", "jsonpath={.spec.metrics[0].external.metric.name}",
    )  # fmt: skip

    assert said.startswith("s0-nats-jetstream")
