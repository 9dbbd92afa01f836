"""The files of a deployment's secrets: which there are, how each is made, and who needs it."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.settings import SettingsError, secret

STORE_USERS = ("specs", "chunk-preprocess", "train", "predict", "workflow", "dispatcher")
PRIVATE, PUBLIC, COOKIE = "dispatcher-private-key", "dispatcher-public-key", "door-cookie.env"
USERS_CONF = "users.conf"  #: for the eyes of nats-server only
MINIO_USER, MINIO_PASSWORD, MINIO_ADMIN = "minio-user", "minio-password", "minio-admin"
_BESIDE_PACKAGE = Path(__file__).parents[2] / "deploy" / "nats" / "users.json"
_NATS = "-nats-user"


def make(folder: Path, users: Path | None = None) -> list[str]:
    """Make the files that are missing, and what follows from others; return their names.

    Raises:
        SettingsError: a file cannot be read, or holds no key.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    permissions = _permissions(users)
    made = [
        name for name, new in _makers(permissions).items() if _make_if_missing(folder / name, new)
    ]
    follows = {
        PUBLIC: _public(folder),
        MINIO_ADMIN: f"{_text(folder, MINIO_USER)}:{_text(folder, MINIO_PASSWORD)}",
        USERS_CONF: nats_configuration(folder, permissions),
    }
    return made + [name for name, text in follows.items() if _changed(folder / name, text)]


def rotate(folder: Path, names: Sequence[str], users: Path | None = None) -> list[str]:
    """Make some files anew; return all that are others now.

    Raises:
        InvalidRequestError: one of the names is not that of a key that can be made.
    """
    known = _makers(_permissions(users))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidRequestError(
            f"{unknown[0]!r} is no key that can be made", hint=f"one of {', '.join(known)}"
        )
    for name in names:
        _write(folder / name, known[name]())
    return [*names, *make(folder, users)]


def who_needs(name: str) -> str:
    """Return what has to be done with a key that is new."""
    if name in (PRIVATE, PUBLIC):
        return (
            "stop the dispatcher, give the functions the public key, start it with the private one"
        )
    if name == USERS_CONF:
        return "give it to nats-server and reload it"
    if name.endswith(_NATS):
        return f"deploy {name.removesuffix(_NATS)} with it once nats-server has users.conf"
    if name.endswith("-store-key"):
        return f"run minio/provision.py, then deploy {name.removesuffix('-store-key')} with it"
    if name == COOKIE:
        return "restart the doors; people log in again"
    return "restart the store with it"


def nats_configuration(folder: Path, users: Sequence[Mapping[str, object]]) -> str:
    """Return users.conf: the users with the passwords that lie in `folder`."""
    lines = ",\n".join(
        f"  {json.dumps(dict(user) | {'password': _password(folder, str(user['user']))})}"
        for user in users
    )
    return f"users: [\n{lines}\n]\n"


def write_nats_users(folder: Path, out: Path, users: Path) -> None:
    """Make the passwords of all users that have none, and write users.conf."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    permissions = _permissions(users)
    for user in permissions:
        _make_if_missing(folder / f"{user['user']}{_NATS}", _pair(str(user["user"])))
    _write(out, nats_configuration(folder, permissions))


def _makers(users: Sequence[Mapping[str, object]]) -> dict[str, Callable[[], str]]:
    """Return what makes each file that follows from no other."""
    return {
        PRIVATE: lambda: SigningKey.new().private_pem,
        **{f"{name}-store-key": _pair(name) for name in STORE_USERS},
        **{f"{user['user']}{_NATS}": _pair(str(user["user"])) for user in users},
        MINIO_USER: lambda: "mlaas-admin",
        MINIO_PASSWORD: lambda: secrets.token_hex(20),
        COOKIE: lambda: f"OAUTH2_PROXY_COOKIE_SECRET={_cookie()}\n",
    }


def _pair(name: str) -> Callable[[], str]:
    return lambda: f"{name}:{secrets.token_hex(20)}"


def _cookie() -> str:
    """Return 32 random bytes in the one alphabet that oauth2-proxy always reads as such."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _permissions(users: Path | None) -> list[Mapping[str, object]]:
    path = users or _BESIDE_PACKAGE
    try:
        found: list[Mapping[str, object]] = json.loads(path.read_text(encoding="utf-8"))["users"]
    except OSError as error:
        raise SettingsError(
            f"{str(path)!r}: {error.strerror}; name deploy/nats/users.json of a checkout by --users"
        ) from error
    return found


def _public(folder: Path) -> str:
    try:
        return SigningKey.from_pem(_text(folder, PRIVATE)).public_pem
    except ValueError as error:
        raise SettingsError(f"{str(folder / PRIVATE)!r}: {error}") from error


def _password(folder: Path, user: str) -> str:
    return _text(folder, f"{user}{_NATS}").partition(":")[2]


def _text(folder: Path, name: str) -> str:
    return secret(str(folder / name))


def _make_if_missing(path: Path, new: Callable[[], str]) -> bool:
    if path.exists():
        return False
    _write(path, new())
    return True


def _changed(path: Path, text: str) -> bool:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    _write(path, text)
    return True


def _write(path: Path, text: str) -> None:
    """Write a file that only we can read; there is never half of it."""
    partial = path.with_name(f".{path.name}.part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
