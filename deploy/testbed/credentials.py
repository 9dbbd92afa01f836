"""Passwords, keys and certificates of one testbed: made once, kept as files that only we read."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from deploy import command
from deploy.testbed.place import Place
from mlaas4hep.admin import secretfiles

#: Who gets tokens, and in which groups they are.
PEOPLE = {"alice": ["atlas"], "bob": ["cms"], "carol": ["mlaas-admins"]}


def file(place: Place, name: str, make: Callable[[], str] = lambda: secrets.token_hex(16)) -> Path:
    """Return the file of a secret; the first time, it is made."""
    path = place.folder("credentials") / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(make(), encoding="utf-8")
    return path


def text(place: Place, name: str) -> str:
    """Return a secret; the first time, it is made."""
    return file(place, name).read_text(encoding="utf-8")


def make(place: Place) -> None:
    """Make what `mlaas4hep-admin secrets make` makes for any deployment."""
    secretfiles.make(place.folder("credentials"))


def dispatcher_keys(place: Place) -> tuple[Path, Path]:
    """Return the private and the public key of the dispatcher."""
    folder = place.folder("credentials")
    return folder / secretfiles.PRIVATE, folder / secretfiles.PUBLIC


def certificate(place: Place) -> tuple[Path, Path]:
    """Return key and certificate of the public doors, signed by nobody else."""
    folder = place.folder("credentials")
    key, certificate = folder / "tls.key", folder / "tls.crt"
    if not certificate.exists():
        names = f"subjectAltName=DNS:localhost,IP:127.0.0.1,IP:{place.address}"
        command.output(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            + ["-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext", names]
            + ["-keyout", str(key), "-out", str(certificate)]
        )
        os.chmod(key, 0o600)  # noqa: PTH101 - as a file mode of openssl's making
    return key, certificate


def people(place: Place) -> Path:
    """Return the file with everybody who can get tokens."""

    def make() -> str:
        everybody = {
            name: {"secret": secrets.token_hex(16), "groups": groups}
            for name, groups in PEOPLE.items()
        }
        return json.dumps(everybody)

    return file(place, "people.json", make)
