"""Name the images of manifests that are not pinned by digest, and fail if there is one.

    kustomize build OVERLAY | python deploy/kubernetes/pinned.py

A tag can be moved to another image; a digest, `name@sha256:...`, is the image itself.
"""

import re
import sys
from typing import Any

import yaml

DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


def images(manifests: list[dict[str, Any]]) -> set[str]:
    """Return the images that any container of these objects starts."""
    pods = [each.get("spec", {}).get("template", {}).get("spec", {}) for each in manifests if each]
    return {
        container["image"]
        for pod in pods
        for kind in ("initContainers", "containers")
        for container in pod.get(kind, [])
    }


def unpinned(images: set[str]) -> list[str]:
    """Return those that a tag names."""
    return sorted(name for name in images if not DIGEST.search(name))


if __name__ == "__main__":
    found = images(list(yaml.safe_load_all(sys.stdin)))
    loose = unpinned(found)
    sys.stdout.write("".join(f"{name} is not pinned by digest\n" for name in loose))
    sys.exit(bool(loose) or not found)
