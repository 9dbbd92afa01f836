"""deploy/kubernetes: who reaches whom, by the rules of NetworkPolicy."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.kubernetes import policies
from deploy.kubernetes.policies import End, Listener, allows

DOCUMENT = Path(__file__).parents[2] / "docs/network.md"
PODS = {end.name: end for end in policies.PODS}
LISTENERS = {(each.end.name, each.port): each for each in policies.LISTENERS}


@pytest.fixture(scope="module")
def rules(built):
    return {
        overlay: [each for each in built(overlay) if each["kind"] == "NetworkPolicy"]
        for overlay in ("small", "production", "plain")
    }


def reached(rules, name):
    return set(dict(policies.table(rules))[name])


def test_the_document_shows_the_tables_of_today(rules):
    text = DOCUMENT.read_text()

    for overlay in ("small", "plain"):
        for name, listeners in policies.table(rules[overlay]):
            assert f"| {name} | {', '.join(listeners) or 'nobody'} |" in text, overlay


def test_small_and_production_say_the_same_of_what_both_have(rules):
    assert dict(policies.table(rules["small"])) == dict(policies.table(rules["production"]))


@pytest.mark.parametrize("overlay", ["small", "plain"])
def test_a_model_in_train_reaches_the_store_and_the_bus_only(rules, overlay):
    assert reached(rules[overlay], "train") == {"nats:4222", "minio:9000", "node's DNS:53"}


@pytest.mark.parametrize("overlay", ["small", "plain"])
def test_the_world_and_strangers_reach_the_doors_only(rules, overlay):
    ours = {end.name for end in policies.PODS if end.namespace}
    for name in ("world", "stranger"):
        found = {each for each in reached(rules[overlay], name) if each.split(":")[0] in ours}
        assert found == {"door-workflow:4433", "door-predict:8081"}


def test_without_openfaas_doors_reach_the_functions_for_people_and_events_only_the_dispatcher(
    rules,
):
    plain = rules["plain"]

    assert {"workflow:8080", "predict:8080"} <= reached(plain, "door-workflow")
    assert not {"train:8080", "specs:8080"} & reached(plain, "door-workflow")
    assert {"specs:8080", "chunk-preprocess:8080", "train:8080", "predict:8080"} <= reached(
        plain, "dispatcher"
    )
    assert not reached(plain, "predict") & {"workflow:8080", "train:8080"}


def test_the_figures_of_the_bus_are_for_keda_alone(rules):
    readers = {name for name, found in policies.table(rules["plain"]) if "nats:8222" in found}

    assert readers == {"keda"}


def test_nobody_of_ours_reaches_the_clouds_credentials(rules):
    for name, found in policies.table(rules["plain"]):
        if name not in ("keda", "stranger"):
            assert "169.254.169.254:80" not in found, name


def policy(**spec):
    return {"metadata": {"namespace": "a"}, "spec": {"podSelector": {}, **spec}}


def test_without_policies_everything_is_open_and_an_empty_one_closes_it():
    caller, listener = (
        End(name="x", namespace="a"),
        Listener(end=End(name="y", namespace="a"), port=1),
    )

    assert allows([], caller, listener)
    assert not allows([policy(policyTypes=["Egress"])], caller, listener)
    assert not allows([policy(policyTypes=["Ingress"])], caller, listener)


def test_a_block_may_have_holes():
    hole = {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}
    rules = [policy(policyTypes=["Egress"], egress=[{"to": [hole]}])]
    caller = End(name="x", namespace="a")

    def reaches(address):
        return allows(rules, caller, Listener(end=End(name="o", address=address), port=1))

    assert reaches("10.2.0.1")
    assert not reaches("10.1.0.1")
    assert not reaches("11.0.0.1")


def test_the_program_prints_the_table(rules):
    done = subprocess.run(
        [sys.executable, policies.__file__],
        input=yaml.safe_dump_all(rules["plain"]),
        capture_output=True,
        text=True,
        check=True,
    )

    assert "| train | nats:4222, minio:9000, node's DNS:53 |" in done.stdout
