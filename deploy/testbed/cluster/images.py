"""Images of the parts that a site takes from elsewhere, made of this testbed's own programs."""

import logging
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.testbed.containers import docker
from deploy.testbed.place import REPOSITORY, Place

log = logging.getLogger(__name__)

TAG = "testbed"
_PAUSE = Path(__file__).parent / "pause"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An image that holds one static program, which it starts."""

    name: str
    program: Path
    tag: str = TAG


def parts(place: Place) -> tuple[Part, ...]:
    """Return what is made here; the functions' images are faas-cli's."""
    return (
        Part(name="pause", program=Path(place.program("pause")), tag="1"),
        Part(name="nats", program=Path(sys.executable).with_name("nats-server")),
        Part(name="minio", program=Path(place.program("minio"))),
        Part(name="oauth2-proxy", program=Path(place.program("oauth2-proxy"))),
        Part(name="keda-operator", program=Path(place.program("keda-operator"))),
        Part(name="keda-adapter", program=Path(place.program("keda-adapter"))),
    )


def build(place: Place) -> None:
    """Build and push all of them; what did not change is not pushed again."""
    _build_pause(place)
    for part in parts(place):
        if part.program.exists():
            _build_part(place, part)
    _build_xrootd(place)


def address(place: Place, name: str, tag: str = TAG) -> str:
    """Return where the node pulls an image from."""
    return f"localhost:{place.ports['registry']}/{name}:{tag}"


def _build_pause(place: Place) -> None:
    target = Path(place.program("pause"))
    if not target.exists():
        subprocess.run(
            ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(target), "."],
            cwd=_PAUSE,
            env=place.environment(CGO_ENABLED="0", GOFLAGS=""),
            check=True,
        )


def _build_part(place: Place, part: Part) -> None:
    log.info("image %s", part.name)
    context = place.folder("work", "images", part.name)
    shutil.copy(part.program, context / part.program.name)
    shutil.copy(_CERTIFICATES, context / "certificates.crt")
    (context / "Dockerfile").write_text(
        f"FROM scratch\nCOPY --chmod=755 {part.program.name} /bin/{part.program.name}\n"
        f"COPY certificates.crt {_CERTIFICATES}\nENV PATH=/bin\nUSER 10001:10001\n"
        f'ENTRYPOINT ["/bin/{part.program.name}"]\n',
        encoding="utf-8",
    )
    _push(place, context, address(place, part.name, part.tag))


def _build_xrootd(place: Place) -> None:
    log.info("image mlaas4hep-xrootd-proxy")
    folder = REPOSITORY / "deploy/xrootd-proxy"
    image = address(place, "mlaas4hep-xrootd-proxy")
    _push(place, folder, image, f"--build-arg=BASE_IMAGE={docker.BUILD}")


def _push(place: Place, context: Path, image: str, *options: str) -> None:
    docker.run(place, "build", "--quiet", f"--tag={image}", *options, str(context))
    docker.run(place, "push", "--quiet", image)
