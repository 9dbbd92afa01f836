"""Every object key, and the names people may give; nothing else builds a key.

Buckets: `tarballs` (uploads), `runs` (requests, model.py, checkpoints, logs), `specs`, `chunks`,
`models`. Every key starts with the owner, so that a listing never shows what belongs to others.
"""

import hashlib
import json
import re
from typing import Any

from mlaas4hep.errors import InvalidRequestError

BUCKETS = ("tarballs", "runs", "specs", "chunks", "models")
_PACKED = ".packed/"  #: no file of a bundle is called so
_MARKS, _COUNTS = ".changed/", ".stored/"  #: no owner is called so
_CONTROL = re.compile(r"[\x00-\x1f]")
_DIGESTED = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.|$)){0,63}")


def checked_name(name: str, what: str = "name") -> str:
    """Return `name` if it can be part of keys and URLs everywhere.

    Raises:
        InvalidRequestError: it is empty, too long, or has other characters than letters,
            digits, `_`, `-` and single inner dots.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidRequestError(
            f"{what} {name!r} cannot be used",
            hint="1 to 64 of A-Z a-z 0-9 _ - and single dots inside; the first a letter or digit",
        )
    return name


def checked_key(key: str) -> str:
    """Return `key` if every store can hold it: `a/b/c` of at most 1024 bytes.

    Raises:
        InvalidRequestError: it has empty, `.` or `..` parts, control characters, or is too long.
    """
    parts = key.split("/")
    sizes = [len(part.encode("utf-8", "surrogatepass")) for part in parts]
    if (
        any(part in {"", ".", ".."} for part in parts)
        or _CONTROL.search(key)
        or max(sizes) > 255  # noqa: PLR2004 - a file name of common file systems
        or sum(sizes) + len(parts) > 1024  # noqa: PLR2004 - an S3 key
    ):
        raise InvalidRequestError(f"object key {key!r} cannot be used")
    return key


def is_name(text: str) -> bool:
    """Tell whether a text can be part of keys."""
    return bool(_NAME.fullmatch(text))


def digest(*parts: Any) -> str:
    """Return 32 hex digits that stand for the content of `parts` (anything JSON can hold)."""
    return hashlib.sha256(_DIGESTED.encode(parts).encode()).hexdigest()[:32]


def owner(issuer: str, subject: str) -> str:
    """Return the key-safe name of a person: 16 hex digits of issuer and subject."""
    return hashlib.sha256(f"{issuer}|{subject}".encode()).hexdigest()[:16]


# bucket tarballs ---------------------------------------------------------------------------------
def upload(owner: str, folder: str) -> str:
    """Return the key of the record that says which upload is the current one of `folder`."""
    return f"{owner}/{folder}/upload.json"


def staged(owner: str, folder: str, upload_id: str) -> str:
    """Return the key of a tarball that was uploaded directly and is not unpacked yet."""
    return f"{owner}/{folder}/staged/{upload_id}"


def member(owner: str, folder: str, sha256: str, path: str) -> str:
    """Return the key of one unpacked file of a tarball."""
    return f"{owner}/{folder}/{sha256[:16]}/files/{path}"


def content_of_member(key: str) -> str:
    """Return what the keys of all files of the tarball begin with; `key` is that of one of them."""
    return "/".join(key.split("/")[:4]) + "/"


# bucket runs -------------------------------------------------------------------------------------
def run(owner: str, name: str, file: str = "") -> str:
    """Return the key of `file` of a run, or the prefix of all of them.

    Files: request.json, model.py, checkpoint, train.log, plots.
    """
    return f"{owner}/{name}/{file}"


# bucket specs ------------------------------------------------------------------------------------
def range_specs(owner: str, content: str) -> str:
    """Return the key of the specs of one range; `content` is `digest` of all it depends on."""
    return f"{owner}/ranges/{content}.json"


def specs(owner: str, content: str) -> str:
    """Return the key of the merged specs of a request."""
    return f"{owner}/merged/{content}.json"


# bucket chunks -----------------------------------------------------------------------------------
def chunk(owner: str, content: str) -> str:
    """Return the key of a chunk's arrays."""
    return f"{owner}/{content}.chunk"


# bucket models -----------------------------------------------------------------------------------
def model(owner: str, name: str) -> str:
    """Return the key of the record that says which version of a model is served."""
    return f"{owner}/{name}/model.json"


def is_model(key: str) -> bool:
    """Tell whether `key` is that of a model's record, and not of one of its files."""
    return key.endswith("/model.json") and key.count("/") == 2  # noqa: PLR2004 - see `model`


def models_mark(owner: str) -> str:
    """Return the key of what is written anew after each change of an owner's model records.

    It does not start with the owner, so that one listing shows whose have changed.
    """
    return f"{_MARKS}{owner}"


def stored_bytes(owner: str) -> str:
    """Return the key of how many bytes an owner has at most; it does not count as one of theirs."""
    return f"{_COUNTS}{owner}"


def is_about_owner(key: str) -> bool:
    """Tell whether `key` is of no model, but of what is noted about an owner."""
    return key.startswith((_MARKS, _COUNTS))


def model_version(owner: str, name: str, version: str) -> str:
    """Return the key of the record of a version that is kept beside the one that is served."""
    return f"{owner}/{name}/{version}/version.json"


def is_version(key: str) -> bool:
    """Tell whether `key` is that of the record of a version."""
    return key.endswith("/version.json") and key.count("/") == 3  # noqa: PLR2004 - see above


def aliases(owner: str, name: str) -> str:
    """Return the key of what the aliases of a model mean."""
    return f"{owner}/{name}/aliases.json"


def is_aliases(key: str) -> bool:
    """Tell whether `key` is that of what the aliases of a model mean."""
    return key.endswith("/aliases.json") and key.count("/") == 2  # noqa: PLR2004 - see `aliases`


def model_file(owner: str, name: str, version: str, file: str = "") -> str:
    """Return the key of one file of a bundle, or the prefix of all of them."""
    return f"{owner}/{name}/{version}/{file}"


def packed_model(owner: str, name: str, version: str, sha256: str = "") -> str:
    """Return the key of a bundle that was packed, or the prefix of all of them."""
    folder = f"{owner}/{name}/{version}/{_PACKED}"
    return f"{folder}{sha256}.tar.gz" if sha256 else folder


def is_packed_model(key: str) -> bool:
    """Tell whether `key` is that of a bundle that was packed: it can be made again."""
    return f"/{_PACKED}" in key and key.endswith(".tar.gz")


def digest_of_packed_model(key: str) -> str:
    """Return the SHA-256 of a bundle that was packed."""
    return key.rpartition("/")[2].removesuffix(".tar.gz")
