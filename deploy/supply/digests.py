"""`make digests`: which images from elsewhere are meant, by digest and not by tag alone.

    python -m deploy.supply.digests check [--tags]    refuse what has no digest, or another one now
    python -m deploy.supply.digests write             ask the registry, and write digests
    python -m deploy.supply.digests kustomize         entries for `images:` of your overlay
    python -m deploy.supply.digests environment       BASE_IMAGE=… and the like, for faas-cli

The registry is that of an image's own name, or MLAAS_REGISTRY (host or host/folder); logins are
those of REGISTRY_AUTH_FILE. `--tags` lets images pass that only a tag names.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.supply.registry import Image, Registry, RegistryError

FILE = Path(__file__).with_name("images.txt")
VARIABLES = {  #: of faas-cli, and of the XRootD proxy's recipe
    "python": ("BASE_IMAGE", "BUILD_IMAGE"),
    "openfaas/of-watchdog": ("WATCHDOG_IMAGE",),
}


def main(arguments: Sequence[str], file: Path = FILE) -> int:
    """Do what the command line says; 1: something is not as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("what", choices=("check", "write", "kustomize", "environment"))
    parser.add_argument("--tags", action="store_true", help="let images pass that a tag names")
    options = parser.parse_args(arguments)
    registry = Registry.of_environment(os.environ)
    if options.what == "write":
        return write(file, registry)
    loose = [] if options.tags else [each for each in named(file) if not each.digest]
    for each in loose:
        _say(f"{each} is named by its tag only, which can move to another image")
    if loose:
        _say("`make digests` where a registry answers writes digests; --tags lets tags pass")
        return 1
    if options.what == "check":
        return moved(file, registry)
    shown = kustomized if options.what == "kustomize" else variables
    try:
        sys.stdout.write("".join(f"{line}\n" for line in shown(file, registry)))
    except RegistryError as error:
        _say(str(error))
        return 1
    return 0


def named(file: Path) -> list[Image]:
    """Return the images of the file; ValueError: a line is none."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [Image.of(line.strip()) for line in lines if line.strip() and not line.startswith("#")]


def write(file: Path, registry: Registry) -> int:
    """Write the digest of each image behind it; where one is not told, the file stays as it is."""
    lines = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            image = Image.of(line.strip())
            try:
                digest = registry.digest(image)
            except RegistryError as error:
                _say(str(error))
                return 1
            lines.append(str(Image(name=image.name, tag=image.tag, digest=digest)))
        else:
            lines.append(line)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def moved(file: Path, registry: Registry) -> int:
    """Tell which tags are other images now than the file means; of registries that are named."""
    code = 0
    for image in named(file):
        if not image.digest or not image.has_place(registry.default):
            continue
        try:
            digest = registry.digest(image)
        except RegistryError as error:
            _say(str(error))
            code = 1
            continue
        if digest != image.digest:
            _say(f"{image}: its tag is {digest} now; look at what changed, then `make digests`")
            code = 1
    return code


def kustomized(file: Path, registry: Registry) -> Iterator[str]:
    """Yield the entries of a kustomization's `images:`."""
    for image in named(file):
        host, repository = image.place(registry.default)
        pin = f"digest: {image.digest}" if image.digest else f'newTag: "{image.tag}"'
        yield f"  - {{name: {image.name}, newName: {host}/{repository}, {pin}}}"


def variables(file: Path, registry: Registry) -> Iterator[str]:
    """Yield what faas-cli takes from its environment."""
    for image in named(file):
        host, repository = image.place(registry.default)
        for name in VARIABLES.get(image.name, ()):
            pin = f"@{image.digest}" if image.digest else f":{image.tag}"
            yield f"{name}={host}/{repository}{pin}"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
