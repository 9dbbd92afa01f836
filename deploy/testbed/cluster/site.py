"""A site on the node: its copy of the overlay `plain`, its secrets, and what it provisions."""

import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from deploy import command
from deploy.testbed import functions, identity, process
from deploy.testbed.cluster import containerd, images, kubectl, network
from deploy.testbed.containers import docker
from deploy.testbed.place import REPOSITORY, Place
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.admin import secretfiles
from mlaas4hep.settings import credentials as user_and_password

log = logging.getLogger(__name__)

OURS, FUNCTIONS = "mlaas", "openfaas-fn"  #: namespaces
PARTS = ("minio", "oauth2-proxy", "nats", "mlaas4hep-xrootd-proxy")
PATIENCE_S = 600  #: a busy machine unpacks gigabytes the first time


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What the overlays `small` and `production` differ in, but for who runs the functions."""

    overlay: str  #: of this site's copy
    nats_servers: int
    proxy: str  #: the kind of workload that the XRootD proxy is, as its folder is called


SMALL = Size(overlay="site-small", nats_servers=1, proxy="statefulset")
LARGE = Size(overlay="site-large", nats_servers=3, proxy="daemonset")
#: Volumes that the site has to give, by claim, with the user that writes to each.
VOLUMES = {
    "data-minio-0": 10001,
    "data-nats-0": 10001,
    "data-nats-1": 10001,
    "data-nats-2": 10001,
    "cache-xrootd-proxy-0": 10002,
}


def apply(place: Place) -> None:
    """Put the large overlay on the cluster, provision it, and return when all of it is ready."""
    give_volumes(place)
    text = overlay(place, LARGE.overlay)
    log.info("applying the overlay")
    _namespaces_first(place, text)
    _apply(place, text)
    for name in ("statefulset/minio", "statefulset/nats"):
        rolled_out(place, OURS, name)
    _provision(place)
    is_ready(place, LARGE)
    containerd.forget_images(place, text)


def is_ready(place: Place, size: Size) -> None:
    """Return when everything of a site of that size is as its manifests say."""
    for name in (
        "statefulset/nats", f"{size.proxy}/xrootd-proxy",
        "deployment/door-workflow", "deployment/door-predict", "deployment/dispatcher",
    ):  # fmt: skip
        rolled_out(place, OURS, name)
    for name in functions.NAMES:
        rolled_out(place, FUNCTIONS, f"deployment/{name}")


def rolled_out(place: Place, namespace: str, name: str, patience_s: int = PATIENCE_S) -> None:
    """Return when a workload is as its manifest says."""
    log.info("waiting for %s", name)
    kubectl.run(
        place, "-n", namespace, "rollout", "status", name, f"--timeout={patience_s}s"
    )  # fmt: skip


def overlay(place: Place, name: str) -> str:
    """Return what kustomize makes of an overlay in this site's copy, secrets filled in."""
    return command.output([place.program("kustomize"), "build", str(overlays(place) / name)])


def url(door: str, place: Place) -> str:
    """Return the address of a door, as this machine reaches it."""
    return f"https://{network.NODE}:{place.ports[door]}"


def certificate(place: Place) -> tuple[Path, Path]:
    """Return key and certificate of the cluster's doors."""
    folder = place.folder("cluster", "site")
    key, found = folder / "tls.key", folder / "tls.crt"
    if not found.exists():
        command.output(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            + ["-nodes", "-days", "30", "-subj", "/CN=doors"]
            + ["-addext", f"subjectAltName=IP:{network.NODE}"]
            + ["-keyout", str(key), "-out", str(found)]
        )
    return key, found


def overlays(place: Place) -> Path:
    """Copy deploy/ and put secrets and our own overlays into it, as an operator does."""
    deploy = place.folder("cluster", "site") / "deploy"
    shutil.rmtree(deploy, ignore_errors=True)
    shutil.copytree(REPOSITORY / "deploy", deploy, ignore=shutil.ignore_patterns("testbed"))
    folder = deploy / "kubernetes/overlays"
    for name in ("small", "production", "plain"):
        _secrets(place, folder / name / "secrets")
    for size in (SMALL, LARGE):
        _plain(folder, size)
        (folder / size.overlay).mkdir()
        (folder / size.overlay / "kustomization.yaml").write_text(
            yaml.safe_dump(_kustomization(place, size)), encoding="utf-8"
        )
    return folder


def _plain(folder: Path, size: Size) -> None:
    """Copy the overlay `plain`, with the XRootD proxy that a site of that size has."""
    copy = folder / f"plain-{size.proxy}"
    shutil.copytree(folder / "plain", copy)
    file = copy / "kustomization.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("xrootd-proxy/statefulset", f"xrootd-proxy/{size.proxy}"), encoding="utf-8"
    )


def _secrets(place: Place, folder: Path) -> None:
    """Fill an overlay's folder of secrets by the commands of docs/operators.md."""
    keys = place.folder("cluster", "site", "keys")
    secretfiles.make(keys)
    for file in (*keys.iterdir(), *certificate(place)):
        shutil.copy2(file, folder)


def _kustomization(place: Place, size: Size) -> dict[str, object]:
    issuer = [f"MLAAS_ISSUER={place.http('identity')}", f"MLAAS_AUDIENCE={identity.AUDIENCE}"]
    small = [{"op": "replace", "path": _REQUESTS + "/cpu", "value": "10m"}]
    outside = [{"op": "add", "path": "/spec/externalIPs", "value": [network.NODE]}]
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"../plain-{size.proxy}"],
        "components": ["../../components/nats-cluster"] if size.nats_servers > 1 else [],
        "images": [
            *(_image(place, f"mlaas4hep-{name}", "latest") for name in functions.NAMES),
            *(_image(place, name, images.TAG) for name in PARTS),
        ],
        "configMapGenerator": [
            {"name": "issuer", "namespace": OURS, "behavior": "merge", "literals": issuer},
            {"name": "site", "namespace": FUNCTIONS, "behavior": "merge", "literals": issuer},
            {
                "name": "xrootd-origin",
                "namespace": OURS,
                "behavior": "merge",
                "literals": [f"XROOTD_ORIGIN={place.at('origin')}"],
            },
        ],
        "patches": [
            # One small machine: what is asked for beforehand is little, the limits stay.
            {
                "target": {"kind": "Deployment|StatefulSet|DaemonSet"},
                "patch": yaml.safe_dump(small),
            },
            {"target": {"kind": "Service", "name": "door-.*"}, "patch": yaml.safe_dump(outside)},
            {"target": {"kind": "ScaledObject"}, "patch": yaml.safe_dump(_QUICK)},
        ],
    }


#: At most three pods of a function, which go soon after the work is done.
_QUICK = [
    {"op": "replace", "path": f"/spec/{name}", "value": value}
    for name, value in (("maxReplicaCount", 3), ("pollingInterval", 2), ("cooldownPeriod", 15))
] + [{"op": "replace", "path": "/spec/triggers/0/metadata/lagThreshold", "value": "2"}]
_REQUESTS = "/spec/template/spec/containers/0/resources/requests"


def _image(place: Place, name: str, tag: str) -> dict[str, str]:
    """Return an image by its digest: what was built again is another image, and rolls out."""
    known = name if name == "nats" else f"registry.example.org/{name}"
    here = images.address(place, name, tag)
    name_and_digest = docker.run(place, "inspect", "--format", "{{index .RepoDigests 0}}", here)
    new, _, digest = name_and_digest.partition("@")
    return {"name": known, "newName": new, "digest": digest}


def _namespaces_first(place: Place, text: str) -> None:
    """Apply namespaces alone: the API server has to know them before what is in them."""
    made = [each for each in yaml.safe_load_all(text) if each["kind"] == "Namespace"]
    _apply(place, yaml.safe_dump_all(made))


def _apply(place: Place, text: str) -> None:
    kubectl.run(place, "apply", "--server-side", "--force-conflicts", "-f", "-", given=text)


def give_volumes(place: Place) -> None:
    """Give the volumes that a site's storage would make for the claims; what is there stays."""
    made = []
    for claim, user in VOLUMES.items():
        folder = place.folder("cluster", "volumes", claim)
        os.chown(folder, user, user)
        made.append(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": claim},
                "spec": {
                    "capacity": {"storage": "500Gi"},
                    "accessModes": ["ReadWriteOnce"],
                    "claimRef": {"namespace": OURS, "name": claim},
                    "hostPath": {"path": str(folder)},
                },
            }
        )
    _apply(place, yaml.safe_dump_all(made))


def renew_volumes(place: Place, claims: list[str]) -> None:
    """Give empty volumes for claims that were deleted, as a site's storage does."""
    for claim in claims:
        kubectl.run(place, "delete", "pv", claim)
        shutil.rmtree(place.folder("cluster", "volumes", claim))
    give_volumes(place)


def administration(place: Place) -> dict[str, str]:
    """Return what `mlaas4hep-admin` wants to know of this site, as its environment."""
    keys = place.folder("cluster", "site", "keys")
    return {
        "MLAAS_STORE": f"http://{address_of(place, 'minio')}:9000",
        "MLAAS_STORE_KEY_FILE": str(keys / "minio-admin"),
        "MLAAS_NATS": f"nats://{address_of(place, 'nats')}:4222",
        "MLAAS_NATS_USER_FILE": str(keys / "admin-nats-user"),
    }


def _provision(place: Place) -> None:
    """Make buckets, policies, streams and consumers, through the Services."""
    keys, known = place.folder("cluster", "site", "keys"), administration(place)
    with (place.folder("logs") / "cluster-provision.log").open("ab") as output:
        subprocess.run(
            [sys.executable, str(REPOSITORY / "minio/provision.py"), known["MLAAS_STORE"]]
            + ["--admin-file", known["MLAAS_STORE_KEY_FILE"], "--keys", str(keys)],
            check=True,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    user, password = user_and_password(known["MLAAS_NATS_USER_FILE"])
    provision(known["MLAAS_NATS"], user, password, replicas=LARGE.nats_servers)


def address_of(place: Place, service: str) -> str:
    """Return the address of one of our Services; this machine has a route to it."""
    query = "jsonpath={.spec.clusterIP}"
    return kubectl.run(place, "-n", OURS, "get", "service", service, "-o", query)


def pods(place: Place, function: str) -> list[str]:
    """Return the names of a function's pods that are ready."""
    query = (
        "jsonpath={range .items[?(@.status.containerStatuses[0].ready==true)]}"
        "{.metadata.name}{'\\n'}{end}"
    )
    selector = f"faas_function={function}"
    said = kubectl.run(place, "-n", FUNCTIONS, "get", "pods", "-l", selector, "-o", query)
    return said.split()


def wait_for_pods(place: Place, function: str, count: int, patience_s: float = 120) -> None:
    """Return when a function has so many ready pods."""
    process.wait(lambda: len(pods(place, function)) == count, patience_s, f"{count} x {function}")
