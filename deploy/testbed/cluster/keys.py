"""The cluster's own certificate authority, and what everybody proves themselves with."""

import secrets
from pathlib import Path

from deploy import command
from deploy.testbed.cluster import network
from deploy.testbed.place import Place

API_PORT = 6443
_NAMES = (
    "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,"
    f"IP:127.0.0.1,IP:10.96.0.1,IP:{network.NODE}"
)


def folder(place: Place) -> Path:
    """Return the folder of keys; the first time, they are made."""
    keys = place.folder("cluster", "keys")
    if not (keys / "kubeconfig").exists():
        _authority(keys)
        _certificate(keys, "api", "/CN=kube-apiserver", _NAMES)
        _certificate(keys, "front", "/CN=front-proxy", "DNS:front-proxy")
        _openssl("genrsa", "-out", str(keys / "accounts.key"), "2048")
        _openssl(
            "rsa", "-in", str(keys / "accounts.key"), "-pubout", "-out", str(keys / "accounts.pub")
        )
        _administrator(keys)
    return keys


def kubeconfig(place: Place) -> Path:
    """Return the administrator's configuration of kubectl."""
    return folder(place) / "kubeconfig"


def _authority(keys: Path) -> None:
    _openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=mlaas-ca",
        "-keyout", str(keys / "ca.key"), "-out", str(keys / "ca.crt"),
    )  # fmt: skip


def _certificate(keys: Path, name: str, subject: str, names: str) -> None:
    request, extension = keys / f"{name}.csr", keys / f"{name}.ext"
    extension.write_text(f"subjectAltName={names}", encoding="utf-8")
    _openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", subject,
        "-keyout", str(keys / f"{name}.key"), "-out", str(request),
    )  # fmt: skip
    _openssl(
        "x509", "-req", "-in", str(request), "-CA", str(keys / "ca.crt"), "-CAcreateserial",
        "-CAkey", str(keys / "ca.key"), "-out", str(keys / f"{name}.crt"), "-days", "30",
        "-extfile", str(extension),
    )  # fmt: skip


def _administrator(keys: Path) -> None:
    token = secrets.token_hex(16)
    (keys / "tokens.csv").write_text(f"{token},root,root,system:masters\n", encoding="utf-8")
    (keys / "kubeconfig").write_text(
        "apiVersion: v1\nkind: Config\n"
        f'clusters: [{{name: c, cluster: {{server: "https://{network.NODE}:{API_PORT}", '
        f"certificate-authority: {keys / 'ca.crt'}}}}}]\n"
        f"users: [{{name: root, user: {{token: {token}}}}}]\n"
        "contexts: [{name: c, context: {cluster: c, user: root}}]\ncurrent-context: c\n",
        encoding="utf-8",
    )


def _openssl(*arguments: str) -> None:
    command.output(["openssl", *arguments])
