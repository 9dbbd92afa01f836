"""`roots://` and credentials of the grid: what works in the confined process, and what is refused."""

import datetime as dt
import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.xrootd.connection import Allowance
from mlaas4hep.adapters.sources.places.xrootd.place import XRootDPlaces
from mlaas4hep.errors import InvalidRequestError
from tests.dataservers import xrootd_server

pytest.importorskip("XRootD", reason="the client is an extra: pip install mlaas4hep[xrootd]")

_NOBODY = 65534
_CONTENT = b"0123456789"


class Authority:
    """An authority of this test, and what it signed, as files of a folder."""

    def __init__(self, folder):
        self.folder = folder
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._name = _name("an authority")
        self.certificate = self._signed(self._name, self._key, is_authority=True)
        (folder / "ca").mkdir()
        text = self.certificate.public_bytes(serialization.Encoding.PEM)
        (folder / "ca.pem").write_bytes(text)
        asked = ["openssl", "x509", "-hash", "-noout", "-in", folder / "ca.pem"]
        known = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        (folder / "ca" / f"{known}.0").write_bytes(text)

    def issue(self, who, *names):
        """Write certificate and key of somebody, as XRootD's server, which is nobody, reads them."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = self._signed(_name(who), key, names=names)
        found = []
        for suffix, text in (
            ("cert", certificate.public_bytes(serialization.Encoding.PEM)),
            ("key", _written(key)),
        ):
            path = self.folder / f"{who}-{suffix}.pem"
            path.write_bytes(text)
            path.chmod(0o400)
            found.append(path)
        return found

    def _signed(self, subject, key, *, names=(), is_authority=False):
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
            made = made.add_extension(alternatives, critical=False)
        return made.sign(self._key, hashes.SHA256())


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _written(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "a.bin").write_bytes(_CONTENT)
    return folder


@pytest.fixture(scope="module")
def authority():
    with tempfile.TemporaryDirectory() as made:  # pytest's own are closed to other users
        folder = Path(made)
        folder.chmod(0o755)
        yield Authority(folder)


@pytest.fixture(scope="module")
def host(authority):
    pair = authority.issue("host", "localhost")
    if os.geteuid() == 0:
        for path in pair:
            os.chown(path, _NOBODY, _NOBODY)
    return pair


@pytest.fixture(scope="module")
def with_tls(data, authority, host):
    certificate, key = host
    lines = (
        f"xrd.tls {certificate} {key}",
        f"xrd.tlsca certdir {authority.folder / 'ca'}",
        "xrootd.tls capable all",
    )
    with xrootd_server(data, *lines) as prefix:
        yield prefix.replace("root://127.0.0.1", "roots://localhost")


@pytest.fixture(scope="module")
def of_the_grid(data, authority, host):
    certificate, key = host
    lines = (
        "xrootd.seclib libXrdSec.so",
        f"sec.protocol gsi -certdir:{authority.folder / 'ca'} -cert:{certificate} -key:{key} -crl:0",
        "sec.protbind * only gsi",
    )
    with xrootd_server(data, *lines) as prefix:
        yield prefix.replace("127.0.0.1", "localhost")


def read(prefix):
    with ExitStack() as stack:
        content = XRootDPlaces(ServerPolicy(), Allowance()).locate(f"{prefix}/a.bin").open(stack)
        return bytes(content.ask([(0, len(_CONTENT))])[0]())


def test_a_server_with_a_certificate_of_a_known_authority_is_read(with_tls, authority, monkeypatch):
    monkeypatch.setenv("X509_CERT_DIR", str(authority.folder / "ca"))

    assert read(with_tls) == _CONTENT


def test_one_of_another_authority_is_refused_at_once_with_the_reason(
    with_tls, tmp_path, monkeypatch
):
    monkeypatch.setenv("X509_CERT_DIR", str(tmp_path))

    with pytest.raises(InvalidRequestError, match=r"no safe connection: .*TLS") as told:
        read(with_tls)

    assert "no authority that this deployment trusts" in told.value.problem.hint


def test_without_credentials_of_the_grid_the_reason_is_told_at_once(
    of_the_grid, authority, tmp_path, monkeypatch
):
    monkeypatch.setenv("X509_CERT_DIR", str(authority.folder / "ca"))
    monkeypatch.setenv("X509_USER_PROXY", str(tmp_path / "none"))

    with pytest.raises(InvalidRequestError, match=r"wants to know who asks: .*Auth failed") as told:
        read(of_the_grid)

    assert "has no credentials that it takes" in told.value.problem.hint


@pytest.mark.skipif(shutil.which("xrdgsiproxy") is None, reason="apt-get install xrootd-client")
def test_a_grid_proxy_that_the_environment_names_is_taken(of_the_grid, authority, monkeypatch):
    certificate, key = authority.issue("alice")
    proxy = authority.folder / "proxy.pem"
    command = ["xrdgsiproxy", "init", "-cert", certificate, "-key", key, "-out", proxy]
    command += ["-certdir", authority.folder / "ca", "-bits", "2048"]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv("X509_CERT_DIR", str(authority.folder / "ca"))
    monkeypatch.setenv("X509_USER_PROXY", str(proxy))

    assert read(of_the_grid) == _CONTENT
