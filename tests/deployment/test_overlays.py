"""What kustomize makes of every overlay: each rule of docs/operators.md that a cluster would not tell."""

import pytest

from deploy.kubernetes import policies

OVERLAYS = ("small", "production", "plain", "own-s3")
WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet"}
SCALERS = {"HorizontalPodAutoscaler", "ScaledObject"}
OPENFAAS = "openfaas"  #: the namespace of OpenFaaS's chart, which makes it
CORE_M = 1000


@pytest.fixture(params=OVERLAYS)
def objects(request, built):
    return built(request.param)


def of_kind(objects, *kinds):
    return [each for each in objects if each["kind"] in kinds]


def name(each):
    return each["metadata"]["name"]


def pods(objects):
    return {name(each): each["spec"]["template"]["spec"] for each in of_kind(objects, *WORKLOADS)}


def containers(objects):
    return [(of, each) for of, pod in pods(objects).items() for each in pod["containers"]]


def test_no_pod_gets_a_token_of_the_cluster(objects):
    assert {pod["automountServiceAccountToken"] for pod in pods(objects).values()} == {False}
    (account,) = of_kind(objects, "ServiceAccount")
    assert account["metadata"]["namespace"] == "openfaas-fn"
    assert account["automountServiceAccountToken"] is False


def test_what_a_container_takes_of_its_node_is_bounded(objects):
    for of, container in containers(objects):
        limits, asked = container["resources"]["limits"], container["resources"]["requests"]
        assert {"memory", "ephemeral-storage"} <= limits.keys(), of
        assert {"cpu", "memory", "ephemeral-storage"} <= asked.keys(), of


def test_no_container_is_somebody_elses_latest(objects):
    for of, container in containers(objects):
        assert not container["image"].endswith(":latest"), of


def test_a_namespace_comes_before_what_is_in_it(objects):
    made = []
    for each in objects:
        if each["kind"] == "Namespace":
            made.append(name(each))
            assert each["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        elif (namespace := each["metadata"].get("namespace")) != OPENFAAS:
            assert namespace in made, name(each)


def test_a_drain_can_take_a_pod_of_everything_that_is_protected(objects):
    replicas = {
        name(each): (each["spec"].get("replicas", 1), each["spec"]["selector"]["matchLabels"])
        for each in of_kind(objects, "Deployment", "StatefulSet")
    }
    for budget in of_kind(objects, "PodDisruptionBudget"):
        chosen = budget["spec"]["selector"]["matchLabels"]
        covered = [count for count, labels in replicas.values() if chosen.items() <= labels.items()]
        assert covered, name(budget)
        assert "minAvailable" not in budget["spec"], name(budget)
        assert 0 < budget["spec"]["maxUnavailable"] < min(covered), name(budget)


def test_train_is_held_back_by_no_budget(objects):
    chosen = [each["spec"]["selector"] for each in of_kind(objects, "PodDisruptionBudget")]

    assert not [each for each in chosen if "train" in str(each)]


def test_one_scaler_counts_the_replicas_of_a_function_and_nobody_else(objects):
    scaled = [
        (each["metadata"]["namespace"], each["spec"]["scaleTargetRef"]["name"])
        for each in of_kind(objects, *SCALERS)
    ]
    counted = {
        (each["metadata"]["namespace"], name(each))
        for each in of_kind(objects, "Deployment", "StatefulSet")
        if "replicas" in each["spec"]
    }

    assert len(scaled) == len(set(scaled))
    assert not counted & set(scaled)


def test_a_function_scales_before_its_one_process_fills_a_core(objects):
    for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
        (metric,) = scaler["spec"]["metrics"]
        target = metric["resource"]["target"]["averageValue"]
        assert int(target.removesuffix("m")) < CORE_M, name(scaler)


def test_as_many_copies_are_kept_as_there_are_servers_of_nats(objects):
    (servers,) = [each for each in of_kind(objects, "StatefulSet") if name(each) == "nats"]
    (dispatcher,) = pods(objects)["dispatcher"]["containers"]
    copies = {each["name"]: each["value"] for each in dispatcher["env"]}.get("MLAAS_NATS_REPLICAS")

    assert int(copies or 1) == servers["spec"]["replicas"]


def test_every_pod_of_ours_may_ask_the_nodes_own_dns(objects):
    present = pods(objects).keys()
    for caller, reached in policies.table(of_kind(objects, "NetworkPolicy")):
        if caller in present:
            assert "node's DNS:53" in reached, caller


def test_every_service_meets_a_pod(objects):
    labels = [
        each["spec"]["template"]["metadata"]["labels"] for each in of_kind(objects, *WORKLOADS)
    ]
    for service in of_kind(objects, "Service"):
        chosen = service["spec"]["selector"]
        assert [each for each in labels if chosen.items() <= each.items()], name(service)


STORE = policies.Listener(end=policies.End(name="store", address="192.0.2.7"), port=443)
READERS = ("specs", "chunk-preprocess", "train", "predict", "workflow", "dispatcher")


def test_with_an_s3_of_ones_own_minio_is_gone_and_the_store_is_reached(built):
    objects = built("own-s3")
    rules = of_kind(objects, "NetworkPolicy")
    ends = {end.name: end for end in policies.PODS}

    assert "minio" not in [name(each) for each in objects]
    assert {each for each in READERS if policies.allows(rules, ends[each], STORE)} == set(READERS)
    assert not policies.allows(rules, ends["nats"], STORE)
