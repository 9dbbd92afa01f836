"""KEDA follows what waits: chunk-preprocess from its least to three, and back."""

import pytest

from deploy.testbed import process
from deploy.testbed.cluster import kubectl, site
from tests.platform.outside import RUN_S

FUNCTION = "chunk-preprocess"


def ready(cluster):
    return len(site.pods(cluster, FUNCTION))


@pytest.fixture
def at_rest(cluster):
    """Wait until nothing is left to do, so that KEDA has taken the function down."""
    process.wait(lambda: ready(cluster) == 0, 240, "chunk-preprocess at rest")


def test_what_waits_makes_replicas_and_they_go_when_it_is_done(alice, submit, cluster, at_rest):
    most = 0

    def grown():
        nonlocal most
        most = max(most, ready(cluster))
        return most >= 3

    runs = [submit(f"lag{size}", epochs=1, chunk_size=size) for size in range(20, 26)]
    process.wait(grown, RUN_S, "three replicas")
    assert all(alice.wait(run)["model"] for run in runs)

    process.wait(lambda: ready(cluster) == 0, 240, "chunk-preprocess at rest again")


def test_the_lag_is_what_the_autoscaler_reads(cluster):
    said = kubectl.run(
        cluster, "-n", site.FUNCTIONS, "get", "hpa", f"keda-hpa-{FUNCTION}",
        "-o", "jsonpath={.spec.metrics[0].external.metric.name}",
    )  # fmt: skip

    assert said.startswith("s0-nats-jetstream")
