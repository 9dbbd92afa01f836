"""What the process of XRootD's client gets of the environment and the files around it."""

import os
from pathlib import Path

from mlaas4hep.adapters.sources.places.xrootd import credentials

ENVIRONMENT = {
    "MLAAS_S3_SECRET_KEY": "platform",
    "AWS_SECRET_ACCESS_KEY": "platform",
    "HTTPS_PROXY": "http://u:p@proxy.example:3128",
    "HOME": "/home/alice",
    "XDG_RUNTIME_DIR": "/run/user/7",
    "X509_USER_PROXY": "/secrets/proxy.pem",
    "X509_CERT_DIR": "/cvmfs/grid/certificates",
    "KRB5CCNAME": "FILE:/secrets/cache",
    "KRB5_CONFIG": "/a/krb5.conf:/b/krb5.conf",
    "BEARER_TOKEN": "text",
    "XRD_PLUGINCONFDIR": "/",
    "XRD_LOGLEVEL": "Debug",
}


def test_the_platforms_own_secrets_and_proxies_are_not_among_its_settings():
    found = credentials.settings(ENVIRONMENT)

    assert found.keys() == ENVIRONMENT.keys() - {
        "MLAAS_S3_SECRET_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "HTTPS_PROXY",
    }


def test_it_reads_the_credentials_that_variables_name_and_those_of_usual_places():
    found = {str(path) for path in credentials.files(ENVIRONMENT)}

    assert found >= {
        "/secrets/proxy.pem",
        "/cvmfs/grid/certificates",
        "/secrets/cache",
        "/a/krb5.conf",
        "/b/krb5.conf",
        "/home/alice/.globus",
        f"/run/user/7/bt_u{os.getuid()}",
        f"/tmp/x509up_u{os.getuid()}",
        "/etc/resolv.conf",
    }


def test_no_variable_shows_it_all_files_or_those_of_the_session():
    found = credentials.files(ENVIRONMENT)

    assert not {Path(each) for each in ("/", "/home/alice", "/run/user/7", "/tmp")} & set(found)


def test_a_log_is_written_only_where_somebody_wants_one(tmp_path):
    wanted = tmp_path / "client.log"

    assert credentials.log({}) == []
    assert credentials.log({"XRD_LOGFILE": str(wanted)}) == [wanted]
    assert wanted.read_bytes() == b""
    assert wanted not in credentials.files({"XRD_LOGFILE": str(wanted)})
