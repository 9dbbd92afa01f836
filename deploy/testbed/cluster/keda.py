"""KEDA: the operator that scales Deployments by the lag of their events."""

import logging
from pathlib import Path

from deploy.testbed.cluster import binaries, images, kubectl
from deploy.testbed.place import Place

log = logging.getLogger(__name__)

MODULE = "github.com/kedacore/keda/v2"
NAMESPACE = "keda"
_MANIFEST = Path(__file__).with_name("keda.yaml")


def apply(place: Place) -> None:
    """Put KEDA on the cluster, and return when both its parts are ready."""
    log.info("applying KEDA")
    resources = binaries.manifests(place, MODULE, "config/crd/bases")
    for file in sorted(resources.glob("*.yaml")):
        kubectl.run(place, "apply", "--server-side", "--force-conflicts", "-f", str(file))
    text = _MANIFEST.read_text(encoding="utf-8")
    for name in ("keda-operator", "keda-adapter"):
        text = text.replace(f"image: {name}", f"image: {images.address(place, name)}")
    kubectl.run(place, "apply", "--server-side", "--force-conflicts", "-f", "-", given=text)
    for name in ("keda-operator", "keda-adapter"):
        kubectl.run(
            place, "-n", NAMESPACE, "rollout", "status", f"deployment/{name}", "--timeout=180s"
        )
