"""deploy/kubernetes: valid for the API server, and in the words of the code."""

import os
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from deploy.testbed.place import Place
from mlaas4hep.settings import Settings

REPOSITORY = Path(__file__).parents[2]
VERSION = "1.33"
FUNCTIONS = {"specs", "chunk-preprocess", "train", "predict", "workflow"}
OVERLAYS = ("small", "production")
#: What an operator puts beside an overlay; any content makes it build.
SECRETS = (
    "users.conf", "minio-user", "minio-password", "dispatcher-nats-user",
    "dispatcher-private-key", "door-cookie.env", "tls.crt", "tls.key",
)  # fmt: skip


def pods(manifests):
    for manifest in manifests:
        if "template" in manifest.get("spec", {}):
            yield manifest["metadata"]["name"], manifest["spec"]["template"]["spec"]


def test_every_manifest_is_valid(manifests):
    for manifest in manifests:
        kubernetes_validate.validate(manifest, VERSION, strict=True)


def test_a_wrong_manifest_is_not_valid(manifest):
    wrong = {**manifest("Deployment", "dispatcher"), "spec": {"replicas": "many"}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSION, strict=True)


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
    assert settings.dispatcher_private_key_file


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
    assert named("readers") == {"specs", "chunk-preprocess", "workflow"}
    assert named("token-readers") == {"predict", "workflow"}


def test_train_reaches_the_store_and_the_bus_only(manifest):
    allowed = manifest("NetworkPolicy", "functions")["spec"]["egress"]

    assert [p["port"] for rule in allowed for p in rule["ports"]] == [4222, 9000, 53, 53]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_builds_with_an_operators_secrets(overlay, tmp_path):
    built = Path(Place.from_env(os.environ).program("kustomize"))
    kustomize = built if built.exists() else shutil.which("kustomize")
    if kustomize is None:
        pytest.skip("there is no kustomize; `make platform-up` builds it")
    shutil.copytree(
        REPOSITORY / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("testbed")
    )
    folder = tmp_path / "deploy/kubernetes/overlays" / overlay
    for name in SECRETS:
        (folder / "secrets" / name).write_text("NAME=value\n")

    done = subprocess.run([kustomize, "build", folder], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    objects = list(yaml.safe_load_all(done.stdout))
    for manifest in objects:
        kubernetes_validate.validate(manifest, VERSION, strict=True)
    assert {"Namespace", "StatefulSet", "Deployment", "NetworkPolicy", "Secret"} <= {
        manifest["kind"] for manifest in objects
    }
