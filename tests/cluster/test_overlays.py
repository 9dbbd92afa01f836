"""Every overlay, as a real API server takes it."""

import json

import pytest
import yaml

from deploy.testbed.cluster import kubectl, site

OPENFAAS = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "openfaas"}}
LIMITS = ("requests", "limits")


@pytest.mark.parametrize("overlay", ["small", "production", "plain"])
def test_the_api_server_takes_the_overlay(cluster, overlay):
    kubectl.run(
        cluster,
        "apply",
        "--server-side",
        "--force-conflicts",
        "-f",
        "-",
        given=yaml.safe_dump(OPENFAAS),
    )
    text = site.overlay(cluster, overlay)

    said = kubectl.run(
        cluster, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-",
        given=text,
    )  # fmt: skip

    assert len(said.splitlines()) == len(list(yaml.safe_load_all(text)))


def test_applying_twice_changes_nothing(cluster):
    text = site.overlay(cluster, site.LARGE.overlay)
    kubectl.run(cluster, "apply", "--server-side", "--force-conflicts", "-f", "-", given=text)
    query = ("get", "deployment,statefulset,service,secret,configmap", "-A", "-o", "json")
    before = versions(kubectl.run(cluster, *query))

    kubectl.run(cluster, "apply", "--server-side", "--force-conflicts", "-f", "-", given=text)

    assert versions(kubectl.run(cluster, *query)) == before


def versions(text):
    """Return the generation of what has one: it counts changes of what was asked for."""
    return {
        (each["kind"], each["metadata"]["name"]): each["metadata"]["generation"]
        for each in json.loads(text)["items"]
        if "generation" in each["metadata"]
    }


def bare_pod(**container):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bare", "namespace": site.FUNCTIONS},
        "spec": {
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "bare",
                    "image": "bare",
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        **container,
                    },
                }
            ],
        },
    }


def admitted(cluster, pod):
    text = json.dumps(pod)
    return json.loads(
        kubectl.run(cluster, "create", "--dry-run=server", "-o", "json", "-f", "-", given=text)
    )


def test_a_function_that_sets_no_limits_gets_some(cluster):
    (container,) = admitted(cluster, bare_pod())["spec"]["containers"]

    assert all({"memory", "ephemeral-storage"} <= container["resources"][k].keys() for k in LIMITS)


def test_a_function_that_wants_to_be_root_is_refused(cluster):
    with pytest.raises(RuntimeError, match="violates PodSecurity"):
        admitted(cluster, bare_pod(runAsUser=0, runAsNonRoot=False))


def test_no_pod_holds_a_token_of_the_cluster(cluster):
    found = json.loads(kubectl.run(cluster, "get", "pods", "-A", "-o", "json"))["items"]
    ours = [pod for pod in found if pod["metadata"]["namespace"] in (site.OURS, site.FUNCTIONS)]

    assert ours
    for pod in ours:
        mounts = [m["mountPath"] for c in pod["spec"]["containers"] for m in c["volumeMounts"]]
        assert not [path for path in mounts if "serviceaccount" in path], pod["metadata"]["name"]
