"""What a registry says of an image: its digest, which is computed here, by the OCI distribution API."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

_KINDS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_MOST_BYTES = 4 * 1024**2  #: of a manifest, as registries have it
_CHALLENGE = re.compile(r'(realm|service|scope)="([^"]*)"')
_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")


class RegistryError(Exception):
    """A registry does not tell which image is meant; the message names the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image as files name it: `nats:2.12-alpine`, `host/nats:2@sha256:…`."""

    name: str
    tag: str
    digest: str = ""

    @classmethod
    def of(cls, text: str) -> "Image":
        """Return what a text names; ValueError: no image with a tag."""
        found = re.fullmatch(
            r"([a-z0-9][\w.:/-]*?):([\w][\w.-]{0,127})(@sha256:[0-9a-f]{64})?", text
        )
        if found is None:
            raise ValueError(f"{text!r} is no name:tag, nor name:tag@sha256:...")
        return cls(name=found[1], tag=found[2], digest=(found[3] or "").removeprefix("@"))

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}" + (f"@{self.digest}" if self.digest else "")

    def has_place(self, registry: str) -> bool:
        """Tell whether the name, or else `registry`, says which host has it."""
        return bool(registry) or self._host() is not None

    def place(self, registry: str) -> tuple[str, str]:
        """Return host and repository; of a name without a host, in `registry`.

        Raises:
            RegistryError: neither says which host.
        """
        own = self._host()
        if own is not None:
            return own, self.name.removeprefix(f"{own}/")
        host, _, folder = registry.strip("/").partition("/")
        if not host:
            raise RegistryError(
                f"{self}: its name has no registry; say yours: MLAAS_REGISTRY=host or host/folder"
            )
        return host, f"{folder}/{self.name}".lstrip("/")

    def _host(self) -> str | None:
        """Return the host in the name; None: there is none."""
        first, _, rest = self.name.partition("/")
        is_host = rest and ("." in first or ":" in first or first == "localhost")
        return first if is_host else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The registries that images are pulled from."""

    default: str = ""  #: host or host/folder, for names without a host
    logins: Mapping[str, str] = field(
        default_factory=dict, repr=False
    )  #: host → user:password, base64

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "Registry":
        """Return what MLAAS_REGISTRY and REGISTRY_AUTH_FILE (as `docker login` writes it) say."""
        file = environment.get("REGISTRY_AUTH_FILE", "")
        known = json.loads(Path(file).read_text(encoding="utf-8"))["auths"] if file else {}
        logins = {host: each["auth"] for host, each in known.items() if "auth" in each}
        return cls(default=environment.get("MLAAS_REGISTRY", ""), logins=logins)

    def digest(self, image: Image) -> str:
        """Return the digest that the tag of an image has now.

        Raises:
            RegistryError: the registry does not tell, or tells what is not true.
        """
        host, repository = image.place(self.default)
        scheme = "http" if _LOCAL.fullmatch(host) else "https"
        url = f"{scheme}://{host}/v2/{repository}/manifests/{image.tag}"
        try:
            with httpx2.Client(timeout=30, trust_env=True) as client:
                answer = _asked(client, url, {})
                if answer.status_code == 401:  # noqa: PLR2004
                    token = self._token(client, image, host, answer)
                    answer = _asked(client, url, {"Authorization": f"Bearer {token}"})
        except httpx2.HTTPError as error:
            raise RegistryError(f"{image}: {host} does not answer: {error!r:.200}") from error
        return _checked(image, host, answer)

    def _token(
        self, client: httpx2.Client, image: Image, host: str, answer: httpx2.Response
    ) -> str:
        told = dict(_CHALLENGE.findall(answer.headers.get("www-authenticate", "")))
        realm = urlsplit(told.pop("realm", ""))
        if realm.scheme != "https" and not _LOCAL.fullmatch(realm.netloc):
            raise RegistryError(f"{image}: {host} wants a login, and does not say where by https")
        login = self.logins.get(host)
        headers = {"Authorization": f"Basic {_plain(login)}"} if login else {}
        given = client.get(realm.geturl(), params=told, headers=headers)
        if given.status_code != 200:  # noqa: PLR2004
            raise RegistryError(f"{image}: the login of {host} answers {given.status_code}")
        found = given.json()
        return str(found.get("token") or found.get("access_token") or "")


def _asked(client: httpx2.Client, url: str, headers: Mapping[str, str]) -> httpx2.Response:
    """Return the answer to a question for a manifest, read up to its limit."""
    request = client.build_request("GET", url, headers={"Accept": ", ".join(_KINDS), **headers})
    answer = client.send(request, stream=True)
    try:
        data = b""
        for part in answer.iter_bytes():
            data += part
            if len(data) > _MOST_BYTES:
                raise httpx2.ReadError("more than 4 MB")
    finally:
        answer.close()
    return httpx2.Response(answer.status_code, headers=answer.headers, content=data)


def _checked(image: Image, host: str, answer: httpx2.Response) -> str:
    if answer.status_code != 200:  # noqa: PLR2004
        raise RegistryError(f"{image}: {host} answers {answer.status_code}")
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind not in _KINDS:
        raise RegistryError(f"{image}: what {host} gives is no manifest but {kind!r}")
    digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    told = answer.headers.get("docker-content-digest", digest)
    if told != digest:
        raise RegistryError(f"{image}: {host} says {told} of a manifest that has {digest}")
    return digest


def _plain(login: str) -> str:
    """Return a login as a header has it; ValueError: it is none."""
    return base64.b64encode(base64.b64decode(login, validate=True)).decode()
