"""Where a line of files.txt is read from; this is a server, so its own disk is no answer."""

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.inputs.datasets import SCHEME
from mlaas4hep.core.requests.inputs.globs import Comparisons
from mlaas4hep.core.requests.inputs.secrets import without_secrets
from mlaas4hep.core.requests.inputs.servers import Server, server
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.tarballs.upload import Upload
from mlaas4hep.errors import ForbiddenError, InvalidRequestError

LOGICAL = ("/store/", "/eos/")  #: begin names of files on storage behind a redirector
SCHEMES = ("root", "roots", "https", "http")
#: begin settings of XRootD's client, among them the files that it takes for its credentials
CLIENTS = ("xrd.", "xrdcl.")

Find = Callable[[str], Sequence[str]]


def resolve(name: str, upload: Upload | None, limits: Limits) -> str:
    """Return the URL (see `ports.DataSource`) that `name` stands for.

    Raises:
        InvalidRequestError: it is neither in the tarball nor a remote name.
        ForbiddenError: files may not come from that server.
    """
    if name.startswith("s3://"):
        return _in_bucket(name, limits)
    if "://" in name:
        return _remote(name, limits)
    if name.startswith(LOGICAL):
        return _behind_redirector(name, limits)
    if name.startswith(("/", "~")):
        raise _refusal(
            name,
            "is a path on your machine, which the server cannot read",
            "pack the file into the tarball, or write root://host//path, https://host/path"
            " or s3://bucket/key",
        )
    return _packed(name, upload)


def _packed(name: str, upload: Upload | None) -> str:
    if upload is None:
        hint = "root://host//path, or the `upload` that it is in; of a file here, look at its name"
        raise _refusal(name, "is no file on a server", hint)
    member = upload.find(name)
    if member is None:
        packed = (path for path in upload.paths if not path.endswith((".py", ".txt")))
        raise _refusal(name, f"is not in the tarball {upload.folder!r}", nearest(name, packed))
    return f"tarball:{upload.key(member)}"


def _behind_redirector(name: str, limits: Limits) -> str:
    if not limits.xrootd_proxy:
        raise _refusal(
            name,
            "needs a redirector, and this deployment has no XRootD proxy",
            'set "redirector": "root://host" in params.json, or write root://host//store/…',
        )
    return f"{limits.xrootd_proxy.rstrip('/')}/{name}"


def _in_bucket(name: str, limits: Limits) -> str:
    bucket = name.removeprefix("s3://").partition("/")[0]
    if not any(fnmatchcase(bucket, glob.strip()) for glob in limits.s3_buckets.split(",")):
        raise _forbidden(name, f"bucket {bucket!r}", limits.s3_buckets or "no S3")
    return name


def _remote(name: str, limits: Limits) -> str:
    host, port = _server(name, limits)
    if limits.xrootd_proxy and (host, port) == server(limits.xrootd_proxy):
        return name
    globs = [glob.strip().lower() for glob in limits.remote_hosts.split(",") if glob.strip()]
    if not any(fnmatchcase(host, glob) for glob in globs):
        raise _forbidden(name, repr(host), limits.remote_hosts or "no remote server")
    return name


def _server(name: str, limits: Limits) -> Server:
    try:
        parts = urlsplit(name)
    except ValueError as error:
        raise _refusal(name, f"is not a URL: {error}") from error
    schemes = _schemes(limits)
    if parts.scheme not in schemes:
        hint = f"one of {', '.join(f'{scheme}://' for scheme in schemes)}"
        raise _refusal(name, f"cannot be read: {parts.scheme}:// is not read here", hint)
    if parts.username is not None or "://" in parts.path + parts.query:
        raise _refusal(
            name,
            "must be one server and one path, without a user name",
            "root://host//store/file.root",
        )
    settings = [each.partition("=")[0] for each in re.split("[?&]", name)[1:]]
    for setting in settings:
        if setting.startswith(CLIENTS):
            raise _refusal(name, f"sets {setting!r}, which only the operator may", "leave it out")
    try:
        return server(name)
    except InvalidRequestError as error:
        raise error.located(stage="submit", file=without_secrets(name)) from None


def _refusal(name: str, why: str, hint: str = "") -> InvalidRequestError:
    shown = without_secrets(name)
    return InvalidRequestError(f"{shown!r} {why}", stage="submit", file=shown, hint=hint)


def _forbidden(name: str, where: str, allowed: str) -> ForbiddenError:
    shown = without_secrets(name)
    return ForbiddenError(
        f"{shown!r}: files may not come from {where}",
        stage="submit",
        file=shown,
        hint=f"this deployment reads from {allowed}",
    )


def _schemes(limits: Limits) -> tuple[str, ...]:
    return SCHEMES if limits.plain_http else tuple(each for each in SCHEMES if each != "http")


def expander(upload: Upload | None, limits: Limits, find: Find) -> Find:
    """Return what gives the names that each pattern of one files.txt stands for, sorted.

    See `resolve` for what it raises, and `Comparisons.matching`.

    Args:
        find: lists files of a server whose last part matches; `ports.DataSource.find`.
    """
    packed = Comparisons(upload.paths if upload else ())

    def expand(pattern: str) -> Sequence[str]:
        if pattern.startswith(SCHEME):
            return find(pattern)
        if "://" in pattern or pattern.startswith(("/", "~")):
            return find(resolve(pattern, upload, limits))
        if upload is None:
            return [pattern]  # `resolve` says why not
        if upload.find(pattern):  # a name may hold brackets
            return [pattern]
        return packed.matching(pattern.removeprefix("./"))

    return expand
