"""What names of files.txt may mean on a server."""

from dataclasses import replace

import pytest

from mlaas4hep.core.requests.inputs.sources import expander, resolve
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.tarballs.upload import Member, Upload
from mlaas4hep.errors import ForbiddenError, InvalidRequestError

PATHS = (
    ".hidden.root",
    "a.root",
    "b[1].root",
    "data/1.root",
    "data/2.root",
    "data/deep/3.root",
    "data/notes.txt",
)
UPLOAD = Upload(
    owner="o",
    folder="luca",
    sha256="0",
    filename="luca.tar.gz",
    size_bytes=1,
    uploaded_at=0.0,
    members=tuple(Member(path=path, stored=f"luca/{path}", size_bytes=1) for path in PATHS),
)


def limits(**more):
    usual = {"max_upload_bytes": 1, "max_unpacked_bytes": 1, "max_models": 1}
    return Limits(**usual, max_runs=1, max_bytes=1, **more)


def nothing(_pattern):
    pytest.fail("no server is to be asked")


def expand(pattern, upload, allowed, find):
    """Return what a pattern means, the only one of its list."""
    return expander(upload, allowed, find)(pattern)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("data/*.root", ["data/1.root", "data/2.root"]),
        ("./data/[2-9].root", ["data/2.root"]),
        ("*.root", ["a.root", "b[1].root"]),
        ("*/*/*.root", ["data/deep/3.root"]),
        ("**/[a1-3].root", ["a.root", "data/1.root", "data/2.root", "data/deep/3.root"]),
        ("data/**/3.root", ["data/deep/3.root"]),
        ("data/deep/**", ["data/deep/3.root"]),
        ("b[1].root", ["b[1].root"]),
        (".*.root", [".hidden.root"]),
        ("none*", []),
    ],
)
def test_patterns_match_files_of_the_tarball_as_in_a_shell(pattern, found):
    assert expand(pattern, UPLOAD, limits(), nothing) == found


@pytest.mark.parametrize("pattern", ["**/*/" * 3 + "*.csv", "**/" * 20 + "x", "*/" * 90 + "*"])
def test_patterns_that_take_minutes_to_compare_are_refused(pattern):
    paths = ["a/" * 90 + f"{number}.csv" for number in range(9_000)]
    members = tuple(Member(path=path, stored=path, size_bytes=1) for path in sorted(paths))

    with pytest.raises(InvalidRequestError, match="too many parts for the 9000 files"):
        expand(pattern, replace(UPLOAD, members=members), limits(), nothing)


def test_patterns_that_take_minutes_all_together_are_refused_with_what_to_write_instead():
    members = tuple(Member(path=f"{n:04}.csv", stored="", size_bytes=1) for n in range(10_000))
    means = expander(replace(UPLOAD, members=members), limits(), nothing)

    for _ in range(10):  # each as long as one may be
        assert means("none/" + "*/" * 48 + "x") == []
    with pytest.raises(InvalidRequestError, match="too many for the 10000 files") as caught:
        means("9999.*")

    assert caught.value.problem.file == "9999.*"
    assert "match more" in caught.value.problem.hint


def test_patterns_on_servers_are_listed_there_if_the_server_is_allowed():
    allowed = limits(remote_hosts="h")

    assert expand("root://h//d/*.root", UPLOAD, allowed, lambda p: [p]) == ["root://h//d/*.root"]
    with pytest.raises(ForbiddenError, match="may not come from 'x'"):
        expand("root://x//d/*.root", UPLOAD, allowed, nothing)


def test_patterns_of_bare_names_are_listed_by_the_proxy():
    proxy = limits(xrootd_proxy="root://proxy:1094", remote_hosts="")

    found = expand("/store/d/*.root", None, proxy, lambda pattern: [pattern])

    assert found == ["root://proxy:1094//store/d/*.root"]
    assert resolve(found[0], None, proxy) == found[0]


@pytest.mark.parametrize("name", ["/data/*.root", "~/a*.root", "*.root"])
def test_patterns_of_a_persons_own_machine_are_refused(name):
    with pytest.raises(InvalidRequestError, match=r"path on your machine|no file on a server"):
        [resolve(each, None, limits()) for each in expand(name, None, limits(), nothing)]


def test_objects_of_an_s3_are_read_where_the_deployment_names_their_bucket():
    cms = limits(s3_buckets="cms-*, own")

    assert resolve("s3://cms-1/a.root", None, cms) == "s3://cms-1/a.root"
    assert expand("s3://own/*.root", None, cms, lambda pattern: [pattern]) == ["s3://own/*.root"]
    for name, allowed in (("s3://runs/a.root", cms), ("s3://cms-1/a.root", limits())):
        with pytest.raises(ForbiddenError, match="may not come from bucket"):
            resolve(name, None, allowed)


@pytest.mark.parametrize("name", ["/store/a.root", "/eos/a.root"])
def test_bare_names_are_read_through_the_proxy(name):
    assert resolve(name, None, limits(xrootd_proxy="root://p:1")) == f"root://p:1/{name}"
    with pytest.raises(InvalidRequestError, match="needs a redirector"):
        resolve(name, None, limits())


def test_of_the_machine_of_the_proxy_no_other_port_is_read():
    proxy = limits(xrootd_proxy="root://p:1094", remote_hosts="h", plain_http=True)

    assert resolve("root://P//a.root", None, proxy)
    for name in ("root://p:22//a.root", "http://p:9000/a.root", "https://p/a.root"):
        with pytest.raises(ForbiddenError, match="may not come from 'p'"):
            resolve(name, None, proxy)


@pytest.mark.parametrize("more", ["?xrd.gsiusrpxy=/x", "?authz=a&xrd.sss=/x", "#?xrdcl.unzip=x"])
def test_settings_of_the_client_of_xrootd_are_the_operators(more):
    with pytest.raises(InvalidRequestError, match=r"sets 'xrd(cl)?\.\w+', which only the operator"):
        resolve(f"root://h//a.root{more}", None, limits(remote_hosts="h"))


def test_plain_http_is_read_only_where_it_is_allowed():
    with pytest.raises(InvalidRequestError, match="http:// is not read here"):
        resolve("http://h/a.root", None, limits())

    assert resolve("http://h/a.root", None, limits(plain_http=True)) == "http://h/a.root"


def test_tokens_are_not_in_messages():
    with pytest.raises(ForbiddenError) as caught:
        resolve("root://x//a?authz=SECRET", None, limits(remote_hosts="h"))

    assert "SECRET" not in str(caught.value.problem)
