"""Write what `components/plain` runs: the functions of stack.yml as plain Deployments.

    python deploy/kubernetes/functions.py

stack.yml stays the one place that says what a function is. Of each function this makes a
Deployment, a Service and, where events are its input, a KEDA ScaledObject that follows the lag of
its JetStream consumer. What stack.yml takes from its environment has its defaults in the ConfigMap
`defaults`; the overlay's ConfigMap `site` comes after it and says what differs.
"""

import re
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
STACK = HERE.parents[1] / "stack.yml"
OUT = HERE / "components" / "plain"
NAMESPACE = "openfaas-fn"
PORT = 8080
SECRETS = "/var/openfaas/secrets"
DATA_S3_KEY = "data-s3-key"
STREAM = "MLAAS"
MONITORING = "nats-servers.mlaas:8222"
VARIABLE = re.compile(r"^\$\{(\w+)(?::-([^}]*))?\}$")
HEAD = "# Made from stack.yml by deploy/kubernetes/functions.py: change that one.\n"

#: Seconds a pod may take to end: a training writes its checkpoint, a call is answered.
GRACE_S = 90
#: Events for each replica, by function, and the most replicas: KEDA divides the lag by the first.
LAG = {"specs": (4, 5), "chunk-preprocess": (4, 5), "train": (1, 3)}
#: ConfigMaps that a function takes its variables from; the later wins.
ENVIRONMENT = ("defaults", "site")
DISK = {"requests": "1Gi", "limits": "20Gi"}

Object = dict[str, Any]


def objects(stack: Object) -> list[Object]:
    """Return Deployments and Services of all functions."""
    return [
        made
        for name, function in stack["functions"].items()
        for made in (_service(name), _deployment(name, function))
    ]


def scaling() -> list[Object]:
    """Return what KEDA follows."""
    return [_scaled(name, lag, most) for name, (lag, most) in LAG.items()]


def defaults(stack: Object) -> dict[str, str]:
    """Return the variables that stack.yml takes from its environment, with their defaults.

    Those without a default are the overlay's to say.
    """
    found = {}
    for function in stack["functions"].values():
        for variable, value in function["environment"].items():
            if match := VARIABLE.match(value):
                found[variable] = match[2] or ""
    return dict(sorted((name, value) for name, value in found.items() if value))


def _metadata(name: str) -> Object:
    return {"name": name, "namespace": NAMESPACE, "labels": {"faas_function": name}}


def _service(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(name),
        "spec": {
            "selector": {"faas_function": name},
            "ports": [{"name": "http", "port": PORT, "targetPort": "http"}],
        },
    }


def _deployment(name: str, function: Object) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(name),
        "spec": {
            **({} if name in LAG else {"replicas": 1}),  # the others are KEDA's to count
            "selector": {"matchLabels": {"faas_function": name}},
            "template": {
                "metadata": {"labels": {"faas_function": name}},
                "spec": _pod(name, function),
            },
        },
    }


def _pod(name: str, function: Object) -> Object:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_S,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(name, function)],
        "volumes": [
            {"name": "tmp", "emptyDir": {}},
            {
                "name": "secrets",
                "projected": {"sources": [{"secret": each} for each in _secrets(function)]},
            },
        ],
    }


def _secrets(function: Object) -> list[Object]:
    """Return what a function proves itself with; the key of an S3 with input files, if it is there."""
    optional = [DATA_S3_KEY] if "MLAAS_DATA_S3" in function["environment"] else []
    return [
        *({"name": name} for name in function["secrets"]),
        *({"name": name, "optional": True} for name in optional),
    ]


def _container(name: str, function: Object) -> Object:
    return {
        "name": name,
        "image": f"mlaas4hep-{name}:latest",
        "envFrom": [{"configMapRef": {"name": source}} for source in ENVIRONMENT],
        "env": [
            {"name": variable, "value": value}
            for variable, value in function["environment"].items()
            if not VARIABLE.match(value)
        ],
        "ports": [{"name": "http", "containerPort": PORT}],
        # Python needs a while to listen; until then of-watchdog answers 500.
        "startupProbe": _probe("/_/ready", failureThreshold=90, periodSeconds=2),
        "readinessProbe": _probe("/_/ready", failureThreshold=2, periodSeconds=5),
        "livenessProbe": _probe("/_/health", failureThreshold=6, periodSeconds=10),
        "resources": {kind: {**function[kind], "ephemeral-storage": DISK[kind]} for kind in DISK},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the container's own
            {"name": "secrets", "mountPath": SECRETS, "readOnly": True},
        ],
    }


def _probe(path: str, **timing: int) -> Object:
    return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 3, **timing}


def _scaled(name: str, lag: int, most: int) -> Object:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": _metadata(name),
        "spec": {
            "scaleTargetRef": {"name": name},
            "minReplicaCount": 0,
            "maxReplicaCount": most,
            "pollingInterval": 5,
            "cooldownPeriod": 300,
            "triggers": [
                {
                    "type": "nats-jetstream",
                    "metadata": {
                        "natsServerMonitoringEndpoint": MONITORING,
                        "account": "$G",
                        "stream": STREAM,
                        "consumer": name,
                        "lagThreshold": str(lag),
                        "activationLagThreshold": "0",
                    },
                }
            ],
        },
    }


def files(stack: Object) -> dict[Path, str]:
    """Return the text of every file that is made."""
    variables = "".join(f"{name}={value}\n" for name, value in defaults(stack).items())
    return {
        OUT / "functions.yaml": HEAD + yaml.safe_dump_all(objects(stack), sort_keys=False),
        OUT / "scaling.yaml": HEAD + yaml.safe_dump_all(scaling(), sort_keys=False),
        OUT / "defaults.env": HEAD + variables,
    }


def main() -> int:
    """Write the files."""
    for path, text in files(yaml.safe_load(STACK.read_text(encoding="utf-8"))).items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
