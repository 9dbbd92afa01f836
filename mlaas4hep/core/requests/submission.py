"""From the body of a submission to a checked `Submission`."""

import math
import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from mlaas4hep.core.jsontext import parse_object, refuse_unknown
from mlaas4hep.core.keys import checked_name
from mlaas4hep.core.requests.request import Resources
from mlaas4hep.core.requests.wrongvalue import wrong_value
from mlaas4hep.errors import InvalidRequestError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_USUAL = Resources()
_MAX_TEXT = 256
_MAX_URL = 1024
_MAX_CPUS = 1024
_ANCESTORS_FOLDER = "_folder"  #: end of MLaaS4HEP_server's keys for folders of its host
_KEYS = (
    *("name", "device", "memory", "cpus", "files", "labels", "model", "params", "fout"),
    *("preproc", "title", "webhook"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a person sends to `submit`; the file names are those inside the tarball."""

    name: str  #: the folder that was uploaded
    device: Literal["cpu", "gpu"] = "cpu"
    memory_bytes: int = _USUAL.memory_bytes
    cpus: float = _USUAL.cpus
    files: str = "files.txt"
    labels: str = "labels.txt"
    model: str = "model.py"
    params: str = "params.json"
    preproc: str | None = None  #: "": none; None: preproc.json, if the tarball has one
    title: str = ""
    webhook: str = ""  #: address that is told when the run is over
    fout: str = ""  #: accepted for compatibility

    @property
    def resources(self) -> Resources:
        """Return what the training may use."""
        return Resources(device=self.device, memory_bytes=self.memory_bytes, cpus=self.cpus)


def parse_submission(body: bytes) -> Submission:
    """Return what a submission says.

    Raises:
        InvalidRequestError: it is not JSON, or a key is unknown, missing or wrong.
    """
    content = _without_folders(parse_object(body, "the submission"))
    refuse_unknown(content, _KEYS, "the submission")
    if "name" not in content:
        raise InvalidRequestError(
            "the submission has no name", hint="the name that was given when uploading"
        )
    files = {key: _file(key, content[key]) for key in _FILES if content.get(key)}
    if content.get("preproc") == "":
        files["preproc"] = ""
    return Submission(
        name=checked_name(content["name"]),
        device=_device(content.get("device", "cpu")),
        memory_bytes=_memory(content.get("memory", _USUAL.memory_bytes)),
        cpus=_cpus(content.get("cpus", _USUAL.cpus)),
        title=_text("title", content.get("title", "")),
        webhook=_webhook(content.get("webhook", "")),
        fout=_text("fout", content.get("fout", "")),
        **files,
    )


def _without_folders(content: dict[str, Any]) -> dict[str, Any]:
    """Leave out `host_folder`, `cert_folder` and the like: here nothing lies on a host.

    They stand in the input.json of MLaaS4HEP_server, and are accepted and not used.
    """
    return {
        key: value
        for key, value in content.items()
        if not (key.endswith(_ANCESTORS_FOLDER) and isinstance(value, str))
    }


_HINT = "docs/params.md says under The submission what each key may be"
_FILES = ("files", "labels", "model", "params", "preproc")


def _wrong(key: str, value: Any, wanted: str) -> InvalidRequestError:
    return wrong_value("the submission", key, value, wanted, _HINT)


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise _wrong(key, value, f"a text of at most {_MAX_TEXT} characters")
    return value


def _webhook(value: Any) -> str:
    wanted = "an address such as https://host.example/path, of at most 1024 characters"
    if not isinstance(value, str) or len(value) > _MAX_URL or not value.isprintable():
        raise _wrong("webhook", value, wanted)
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if value and (not good or "@" in parts.netloc or parts.fragment or " " in value):
        raise _wrong("webhook", value, wanted)
    return value


def _file(key: str, value: Any) -> str:
    name = _text(key, value).removeprefix("./")
    if name.startswith("/") or ".." in name.split("/"):
        raise _wrong(key, value, "the name of a file inside the tarball")
    return name


def _device(value: Any) -> Literal["cpu", "gpu"]:
    if value not in ("cpu", "gpu"):
        raise _wrong("device", value, "'cpu' or 'gpu'")
    return "gpu" if value == "gpu" else "cpu"


def _memory(value: Any) -> int:
    """Return bytes; texts are read as Docker reads them ("3gb" is 3 * 1024**3)."""
    wanted = 'a size such as "3gb", "512m" or a number of bytes'
    if isinstance(value, str):
        match = _SIZE.fullmatch(value.strip())
        if match is None:
            raise _wrong("memory", value, wanted)
        return _positive("memory", float(match[1]) * _UNITS[match[2].lower()], wanted)
    return _positive("memory", value, wanted)


def _positive(key: str, value: Any, wanted: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(key, value, wanted)
    if not 1 <= value <= 2**60:
        raise _wrong(key, value, wanted)
    return int(value)


def _cpus(value: Any) -> float:
    wanted = 'a number of cores such as "2" or 0.5'
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        raise _wrong("cpus", value, wanted) from None
    if not 0 < number <= _MAX_CPUS:
        raise _wrong("cpus", value, wanted)
    return number
