"""`make sbom`: write a bill of materials (CycloneDX) of the wheel and of each function's image.

They say what the locks say, which images install and nothing else, and what our web page has from
npm. What is in the image that ours stand on is not theirs to say.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

from deploy.supply import images
from mlaas4hep import __version__

OUT = images.ROOT / "dist/sbom"
VENDORED = images.ROOT / "mlaas4hep/web/vendored.lock"
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def main(out: Path = OUT) -> None:
    """Write all of them into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    made = {"mlaas4hep": bill("mlaas4hep", "", ComponentType.LIBRARY)} | {
        name: bill(name, extras, ComponentType.CONTAINER)
        for name, extras in images.extras().items()
    }
    for name, content in made.items():
        text = JsonV1Dot6(content).output_as_string(indent=1)
        (out / f"{name}.cdx.json").write_text(text, encoding="utf-8")


def bill(name: str, extras: str, kind: ComponentType) -> Bom:
    """Return the bill of the package with some extras, as a wheel or as an image."""
    made = Bom()
    whole = Component(name=name, version=__version__, type=kind, bom_ref=name)
    made.metadata.component = whole
    parts = [*libraries(images.requirements(extras)), *vendored()]
    made.components.update(parts)
    made.register_dependency(whole, parts)
    return made


def libraries(lock: str) -> Iterator[Component]:
    """Yield the libraries of a lock, with the hashes of their wheels."""
    for block in re.split(r"\n(?=\S)", lock.strip()):
        pin = Requirement(block.partition("\\")[0])
        (version,) = pin.specifier
        yield _component("pypi", pin.name, version.version, HASH.findall(block))


def vendored() -> Iterator[Component]:
    """Yield what the page has from npm."""
    for name, package in json.loads(VENDORED.read_text(encoding="utf-8")).items():
        yield _component("npm", name, package["version"], list(package["files"].values()))


def _component(index: str, name: str, version: str, hashes: list[str]) -> Component:
    scope, _, bare = name.rpartition("/")
    url = PackageURL(type=index, namespace=scope or None, name=bare, version=version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(str(url)),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in hashes],
    )
    return Component(
        name=name, version=version, type=ComponentType.LIBRARY,
        purl=url, bom_ref=str(url), external_references=[files],
    )  # fmt: skip


if __name__ == "__main__":
    main(*(Path(folder) for folder in sys.argv[1:]))
