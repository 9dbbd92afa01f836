"""What XRootD's client may know of where it runs: its own settings, credentials, and who is who."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_NAMES = ("XRD", "Xrd", "X509_", "KRB5", "BEARER_TOKEN", "XDG_RUNTIME_DIR", "SSL_CERT")
_ITSELF = frozenset({"HOME", "USER", "LOGNAME", "LD_LIBRARY_PATH", "TMPDIR", "PATH"})
_SYSTEM = (
    *("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf"),
    *("/etc/services", "/etc/protocols", "/etc/passwd", "/etc/group", "/run/systemd/resolve"),
    *("/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki", "/etc/crypto-policies"),
    *("/etc/grid-security", "/etc/krb5.conf", "/etc/krb5.conf.d", "/etc/xrootd"),
)
_OF_HOME = (".xrd", ".globus")
_OF_SESSION = ("bt_u{}", "krb5cc_{}", "x509up_u{}")  #: names with the number of the user
_LOG = "XRD_LOGFILE"
_KINDS = ("FILE:", "DIR:")  #: of Kerberos' caches


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are the client's own, or say who and where it is."""
    return {
        name: value
        for name, value in environment.items()
        if name in _ITSELF or name.startswith(_NAMES)
    }


def files(environment: Mapping[str, str]) -> list[Path]:
    """Return the files, and folders of files, that the client may read; some may not be there."""
    return [*map(Path, _SYSTEM), *_named(environment), *_usual(environment)]


def log(environment: Mapping[str, str]) -> list[Path]:
    """Return the file that whoever runs this wants the client's log in, made if it is not there."""
    path = environment.get(_LOG, "")
    if not path:
        return []
    Path(path).open("ab").close()
    return [Path(path)]


def _named(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield what variables name: certificates, keys, caches, plug-ins."""
    for name, value in environment.items():
        if name.startswith(_NAMES) and name not in {"XDG_RUNTIME_DIR", _LOG}:
            for each in value.split(os.pathsep):
                path = each if each.startswith("/") else _after_kind(value)
                if path.startswith("/") and path.strip("/"):
                    yield Path(path)


def _after_kind(value: str) -> str:
    return next((value.removeprefix(kind) for kind in _KINDS if value.startswith(kind)), "")


def _usual(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield where they lie if no variable names them."""
    home = environment.get("HOME", "")
    if home:
        yield from (Path(home, name) for name in _OF_HOME)
    for folder in ("/tmp", environment.get("XDG_RUNTIME_DIR", "")):  # noqa: S108 - only read
        if folder:
            yield from (Path(folder, name.format(os.getuid())) for name in _OF_SESSION)
