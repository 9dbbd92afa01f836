"""deploy/kubernetes: valid for the API server, and in the words of the code."""

from pathlib import Path

import pytest
import yaml

from deploy.kubernetes import functions as functions_of
from mlaas4hep.faas.metrics import PATH
from mlaas4hep.faas.server import serve, watchdog
from mlaas4hep.settings import Settings

REPOSITORY = Path(__file__).parents[2]
VERSION = "1.33"
FUNCTIONS = {"specs", "chunk-preprocess", "train", "predict", "workflow"}
OVERLAYS = ("small", "production", "plain")
OF_OPERATORS = {"ScaledObject", "ServiceMonitor", "PodMonitor"}  #: of KEDA and Prometheus


def check(manifest):
    """Refuse what the API server would refuse."""
    from kubernetes_validate import validate  # noqa: PLC0415 - takes seconds

    validate(manifest, VERSION, strict=True)


def pods(manifests):
    for manifest in manifests:
        if "template" in manifest.get("spec", {}):
            yield manifest["metadata"]["name"], manifest["spec"]["template"]["spec"]


def test_every_manifest_is_valid(manifests):
    for manifest in manifests:
        if manifest["kind"] not in OF_OPERATORS:
            check(manifest)


def test_a_wrong_manifest_is_not_valid(manifest):
    wrong = {**manifest("Deployment", "dispatcher"), "spec": {"replicas": "many"}}

    from kubernetes_validate import ValidationError  # noqa: PLC0415 - takes seconds

    with pytest.raises(ValidationError):
        check(wrong)


def test_no_pod_may_become_root_or_write_to_its_image(manifests):
    for name, pod in pods(manifests):
        assert pod["securityContext"]["runAsNonRoot"], name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name


def test_no_pod_gets_a_token_of_the_cluster(manifests):
    assert all(pod["automountServiceAccountToken"] is False for _, pod in pods(manifests))


def test_the_dispatcher_is_told_in_settings(manifest):
    (container,) = manifest("Deployment", "dispatcher")["spec"]["template"]["spec"]["containers"]
    settings = Settings.from_env({e["name"]: e["value"] for e in container["env"]})

    assert container["command"] == ["python", "-m", "mlaas4hep.dispatcher"]
    assert settings.gateway_url == "http://gateway.openfaas:8080"
    assert settings.store == "http://minio.mlaas:9000"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_dispatchers_secret_holds_every_file_that_it_reads(built, overlay):
    objects = built(overlay)
    (secret,) = [
        each for each in objects
        if each["kind"] == "Secret" and each["metadata"]["name"].startswith("dispatcher-")
        and each["metadata"]["namespace"] == "mlaas"
    ]  # fmt: skip
    found = variables(objects, "dispatcher").values()

    assert {f"/secrets/{name}" for name in secret["data"]} == {
        value for value in found if value.startswith("/secrets/")
    }
    assert "/secrets/dispatcher-store-key" in found


READERS = {"specs", "chunk-preprocess", "workflow"}


def test_functions_and_manifests_mean_the_same_services(functions, manifests):
    settings = Settings.from_env(
        {k: v for k, v in functions["specs"]["environment"].items() if k.startswith("MLAAS_")}
    )
    services = {
        f"{m['metadata']['name']}.{m['metadata']['namespace']}:{m['spec']['ports'][0]['port']}"
        for m in manifests
        if m["kind"] == "Service"
    }

    assert settings.store.removeprefix("http://") in services
    assert settings.nats.removeprefix("nats://") in services
    assert settings.xrootd_proxy.removeprefix("root://") in services


def test_policies_speak_of_functions_that_there_are(manifest):
    def named(policy: str) -> set[str]:
        (rule,) = manifest("NetworkPolicy", policy)["spec"]["podSelector"]["matchExpressions"]
        return set(rule["values"])

    assert named("functions") == FUNCTIONS
    assert named("readers") == READERS
    assert named("functions-ask-the-issuer") == {"predict", "workflow"}


def test_train_reaches_the_store_and_the_bus_only(manifest):
    allowed = manifest("NetworkPolicy", "functions")["spec"]["egress"]

    assert [p["port"] for rule in allowed for p in rule["ports"]] == [4222, 9000, 53, 53]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_builds_with_an_operators_secrets(built, overlay):
    objects = built(overlay)

    for manifest in objects:
        if manifest["kind"] not in OF_OPERATORS:
            check(manifest)
    assert {"Namespace", "StatefulSet", "Deployment", "NetworkPolicy", "Secret"} <= {
        manifest["kind"] for manifest in objects
    }


def test_plain_functions_are_those_of_stack_yml():
    stack = yaml.safe_load(functions_of.STACK.read_text())

    for path, text in functions_of.files(stack).items():
        assert path.read_text() == text, f"run {functions_of.__file__}"


def test_a_pod_may_take_as_long_as_a_function_and_its_watchdog_take_to_end():
    assert serve.GRACE_S + watchdog.TOLD_S < functions_of.GRACE_S


def test_plain_functions_read_settings_that_there_are(built):
    objects = built("plain")
    shared = {
        key: value
        for each in objects
        if each["kind"] == "ConfigMap" and each["metadata"]["namespace"] == "openfaas-fn"
        for key, value in each["data"].items()
    }
    for name in FUNCTIONS:
        (container,) = pod_of(objects, name)["containers"]
        own = {e["name"]: e["value"] for e in container["env"] if e["name"].startswith("MLAAS_")}
        settings = Settings.from_env(shared | own)
        assert settings.store_key_file == f"/var/openfaas/secrets/{name}-store-key"
        assert settings.issuer


def test_every_mounted_secret_is_made_and_holds_the_file_that_is_read(built):
    objects = built("plain")
    made = {each["metadata"]["name"]: each for each in objects if each["kind"] == "Secret"}
    for name in FUNCTIONS:
        sources = pod_of(objects, name)["volumes"][1]["projected"]["sources"]
        secrets = [source["secret"] for source in sources]
        must = [each["name"] for each in secrets if not each.get("optional")]
        files = {key for secret in must for key in made[secret]["data"]}
        may = {each["name"] for each in secrets if each.get("optional")}
        assert may == ({"data-s3-key"} if name in READERS else set())
        assert files == {f"{name}-store-key", f"{name}-nats-user", "dispatcher-public-key"}


def variables(objects, name):
    (container,) = pod_of(objects, name)["containers"]
    return {each["name"]: each.get("value", "") for each in container["env"]}


@pytest.mark.parametrize("door", ["door-workflow", "door-predict"])
def test_without_openfaas_nothing_asks_its_gateway(built, door):
    objects = built("plain")
    found = variables(objects, door)

    assert (found["WORKFLOW_URL"], found["WORKFLOW_PATH"]) == (
        "http://workflow.openfaas-fn:8080", "",
    )  # fmt: skip
    assert found["PREDICT_URL"] == "http://predict.openfaas-fn:8080"
    assert "MLAAS_GATEWAY_URL" not in variables(objects, "dispatcher")
    assert "gateway.openfaas" not in str(objects)


def test_a_memory_limit_and_a_disk_limit_hold_for_every_function(built):
    for name in FUNCTIONS:
        (container,) = pod_of(built("plain"), name)["containers"]
        assert {"memory", "ephemeral-storage"} <= container["resources"]["limits"].keys()
        assert container["resources"]["requests"].keys() >= {"cpu", "memory"}


def test_three_servers_of_nats_know_each_other(built):
    servers = next(
        each for each in built("production")
        if (each["kind"], each["metadata"]["name"]) == ("StatefulSet", "nats")
    )  # fmt: skip
    (container,) = servers["spec"]["template"]["spec"]["containers"]

    assert servers["spec"]["replicas"] == 3
    (routes,) = [each for each in container["args"] if each.startswith("--routes")]
    assert routes.count("nats://nats-") == 3
    assert servers["spec"]["serviceName"] == "nats-servers"


def test_no_disruption_budget_blocks_a_drain(manifests):
    for manifest in manifests:
        if manifest["kind"] == "PodDisruptionBudget":
            assert manifest["spec"].get("maxUnavailable", 1) > 0, manifest["metadata"]["name"]


def pod_of(objects, name):
    (found,) = [
        each for each in objects
        if (each["kind"], each["metadata"]["name"]) == ("Deployment", name)
    ]  # fmt: skip
    return found["spec"]["template"]["spec"]


MONITORING = REPOSITORY / "deploy/kubernetes/components/monitoring"


def test_prometheus_may_reach_what_it_is_to_scrape(manifest):
    monitors = {each["metadata"]["name"]: each["spec"] for each in loaded("monitors.yaml")}
    policies = {each["metadata"]["name"]: each for each in loaded("network-policies.yaml")}
    (chosen,) = monitors["functions"]["selector"]["matchExpressions"]
    (metrics,) = monitors["dispatcher"]["podMetricsEndpoints"]
    (container,) = manifest("Deployment", "dispatcher")["spec"]["template"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    services = functions_of.objects(yaml.safe_load(functions_of.STACK.read_text()))
    names = {one["metadata"]["name"] for one in services if one["kind"] == "Service"}

    assert set(chosen["values"]) == names == FUNCTIONS
    assert monitors["functions"]["endpoints"][0]["path"] == PATH
    for name, port in (("scraped-functions", 8080), ("scraped-dispatcher", ports[metrics["port"]])):
        (rule,) = policies[name]["spec"]["ingress"]
        assert [each["port"] for each in rule["ports"]] == [port]
        check(policies[name])


def loaded(file):
    return list(yaml.safe_load_all((MONITORING / file).read_text()))
