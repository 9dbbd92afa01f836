"""Tarballs through the door: what is taken, and everything that is refused."""

import gzip
import io
import tarfile

import pytest

from mlaas4hep.core import keys

GOOD = {"files.txt": "a.root\n", "a.root": b"root\0"}


def problem(response):
    return response.status_code, response.json["error"]


def special(name, kind, linkname=""):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = linkname
    return {name: info}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("top", ["", "luca/", "./luca/", "./"])
def test_a_tarball_is_taken_packed_or_not_with_or_without_a_top_folder(alice, world, mode, top):
    response = alice.upload(GOOD, mode=mode, top=top)

    assert (response.status_code, response.text) == (200, "Successfully uploaded!\n")
    assert alice.get("/tarballs/luca").json["files"] == [
        {"path": "a.root", "size_bytes": 5},
        {"path": "files.txt", "size_bytes": 7},
    ]


def test_members_lie_in_the_store_under_the_owner_and_the_hash(alice, world):
    alice.upload(GOOD)

    sha256 = alice.get("/tarballs/luca").json["sha256"]
    key = keys.member(alice.owner, "luca", sha256, "luca/files.txt")
    assert world.services.tarballs.get(key) == b"a.root\n"


def test_folders_in_folders_keep_their_names(alice):
    alice.upload({"files.txt": "x", "data/a.root": b"1"})

    paths = [file["path"] for file in alice.get("/tarballs/luca").json["files"]]
    assert paths == ["data/a.root", "files.txt"]


def test_what_macos_packs_beside_the_files_is_left_out(alice):
    alice.upload({"files.txt": "x", "._files.txt": b"\0", ".DS_Store": b"\0"})

    assert [f["path"] for f in alice.get("/tarballs/luca").json["files"]] == ["files.txt"]


def test_the_body_itself_may_be_the_tarball(alice, tarball):
    response = alice.post(
        "/upload?name=luca", data=tarball(GOOD), headers={"Content-Type": "text/plain"}
    )

    assert response.text == "Successfully uploaded!\n"


def test_uploading_again_replaces_what_there_was(alice):
    alice.upload(GOOD)
    alice.upload({"files.txt": "b.root\n", "b.root": b"2"})

    paths = [file["path"] for file in alice.get("/tarballs/luca").json["files"]]
    assert paths == ["b.root", "files.txt"]


def test_a_broken_upload_leaves_the_earlier_one_as_it_was(alice):
    alice.upload(GOOD)
    alice.send(b"this is no tarball" * 100)

    assert len(alice.get("/tarballs/luca").json["files"]) == 2


def test_nothing_of_a_refused_tarball_stays_in_the_store(alice, world):
    alice.upload({"a.txt": "x", **special("l", tarfile.SYMTYPE, "/etc/passwd")}, top="")

    assert list(world.services.tarballs.list("")) == []


def test_a_call_without_a_file_says_so(alice):
    response = alice.post("/upload?name=luca", data={})

    assert problem(response)[0] == 400
    assert problem(response)[1]["message"] == "No file was provided"


def test_a_file_in_another_form_field_is_pointed_at(alice, tarball):
    response = alice.send(tarball(GOOD), field="tarball")

    status, error = problem(response)
    assert status == 400
    assert "`file`" in error["hint"]
    assert "tarball" in error["hint"]


@pytest.mark.parametrize("others", [(), ("labels",)])
def test_a_part_of_a_form_that_has_no_name_is_said_to_have_none(alice, tarball, others):
    parts = [b'form-data9 name="file"; filename="a"']
    parts += [b'form-data; name="%s"; filename="b"' % name.encode() for name in others]
    body = b"".join(
        b"--x\r\nContent-Disposition: %s\r\n\r\n%s\r\n" % (part, tarball(GOOD)) for part in parts
    )

    response = alice.post(
        "/upload?name=luca",
        data=body + b"--x--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )

    status, error = problem(response)
    assert status == 400
    assert error["hint"].endswith(": " + ", ".join([*others, "one without a name"]))


def test_a_call_without_a_name_says_so(alice, tarball):
    response = alice.post("/upload", data={"file": (io.BytesIO(tarball(GOOD)), "x.tar.gz")})

    assert problem(response)[1]["message"] == "No name was provided"


@pytest.mark.parametrize(
    "name", ["..", "a/b", "a b", "x;rm -rf ~", "$(id)", "l\u00fcca", "%2e%2e", "a..b", "", "x" * 60]
)
def test_names_that_cannot_be_used_everywhere_are_refused(alice, tarball, name):
    form = {"file": (io.BytesIO(tarball(GOOD)), "x.tar.gz")}
    response = alice.post("/upload", query_string={"name": name}, data=form)

    assert problem(response)[0] == 400
    assert problem(response)[1]["hint"]


@pytest.mark.parametrize("name", ["luca", "luca_1", "luca.v2", "A-b_c.d"])
def test_names_with_underscores_dots_and_dashes_are_fine(alice, name):
    assert alice.upload(GOOD, name=name).status_code == 200


@pytest.mark.parametrize(
    "archive",
    [
        b"",
        b"x" * 5000,
        gzip.compress(b"no tar inside", mtime=0),
        b"\x1f\x8b broken gzip",
        b"PK\x03\x04zip",
    ],
    ids=["empty", "text", "gzip", "broken-gzip", "zip"],
)
def test_what_is_no_tarball_is_refused(alice, archive):
    status, error = problem(alice.send(archive))

    assert status == 400
    assert error["stage"] == "upload"
    assert error["hint"]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_truncated_tarball_is_refused(alice, tarball, mode):
    whole = tarball({"a.root": bytes(range(256)) * 400}, mode=mode)

    assert problem(alice.send(whole[: len(whole) // 2]))[0] == 400


def test_a_tarball_cut_between_two_members_is_refused(alice, tarball):
    whole = tarball({"a": "x", "b": "y"}, mode="w")

    assert problem(alice.send(whole[:1024]))[0] == 400


def test_a_damaged_header_is_not_taken_for_the_end(alice, tarball):
    damaged = bytearray(tarball({"a": "x", "b": "y"}, mode="w"))
    damaged[1024:1034] = b"\xff" * 10

    assert problem(alice.send(bytes(damaged)))[0] == 400


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "luca/../../evil", "..\\evil", "a/..", "luca/../x"]
)
def test_members_that_leave_the_folder_are_refused(alice, world, name):
    status, error = problem(alice.upload({name: "x"}, top=""))

    assert (status, error["code"], error["file"]) == (400, "invalid_request", name)
    assert list(world.services.tarballs.list("")) == []


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
)
def test_links_and_devices_are_refused(alice, kind):
    status, error = problem(alice.upload(special("luca/x", kind, "/etc/passwd")))

    assert status == 400
    assert error["file"] == "luca/x"


def test_a_member_that_comes_twice_is_refused(alice):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in ("a/model.py", "./a/model.py"):
            tar.addfile(tarfile.TarInfo(name))

    assert "twice" in problem(alice.send(buffer.getvalue()))[1]["message"]


def test_a_member_that_is_a_file_and_a_folder_is_refused(alice):
    assert problem(alice.upload({"a/b": "x", "a": "y"}, top=""))[0] == 400


def test_ten_gigabytes_of_zeros_are_refused_early(alice, world, zeros):
    status, error = problem(alice.send(zeros))

    assert (status, error["code"]) == (413, "too_large")
    assert list(world.services.tarballs.list("")) == []


@pytest.fixture(scope="module")
def zeros():
    """Return a tar.gz that promises 10 GB of zeros; as much as is ever read of it is there."""
    info = tarfile.TarInfo("luca/zeros.root")
    info.size = 10 * 1024**3
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1) as out:
        out.write(info.tobuf())
        block = bytes(1024**2)
        for _ in range(100):
            out.write(block)
    return buffer.getvalue()


def test_a_sparse_file_is_refused(alice):
    assert problem(alice.upload(special("luca/x", tarfile.GNUTYPE_SPARSE)))[0] == 400


def test_a_header_that_claims_gigabytes_is_not_read(alice):
    info = tarfile.TarInfo("x")
    info.type = tarfile.XHDTYPE
    info.size = 4 * 1024**3

    assert problem(alice.send(info.tobuf() + bytes(10240)))[0] == 413


def test_the_limit_of_the_deployment_counts_unpacked(make_world):
    alice = make_world(max_unpacked_bytes=100_000).person()

    status, error = problem(alice.upload({"a": bytes(range(256)) * 1000}))

    assert status == 413
    assert "100000" in error["message"]


def test_the_limit_of_the_deployment_counts_while_the_bytes_arrive(make_world):
    alice = make_world(max_upload_bytes=1000).person()

    assert problem(alice.send(b"x" * 100_000))[0] == 413


def test_an_owner_has_so_many_bytes(make_world):
    alice = make_world(max_bytes=500_000).person()
    alice.upload({"a": b"x" * 400_000}, mode="w")

    status, error = problem(alice.upload({"a": b"y" * 400_000}, mode="w", name="other"))

    assert (status, error["code"]) == (429, "quota_exceeded")


def test_a_tarball_of_somebody_else_is_not_there(alice, world):
    alice.upload(GOOD)

    bob = world.person("bob")
    assert bob.get("/tarballs/luca").status_code == 404
    assert bob.get("/tarballs").json == []


def test_the_same_name_belongs_to_each_person_separately(alice, world):
    alice.upload(GOOD)
    bob = world.person("bob")
    bob.upload({"files.txt": "mine"})

    assert len(alice.get("/tarballs/luca").json["files"]) == 2
    assert len(bob.get("/tarballs/luca").json["files"]) == 1


def test_where_nobody_can_reach_the_store_a_direct_upload_is_a_conflict(alice):
    response = alice.post("/tarballs/luca/direct")

    assert problem(response)[0] == 409
    assert "PUT /tarballs/luca" in problem(response)[1]["hint"]


def test_a_direct_upload_that_never_came_is_not_found(alice):
    assert alice.post("/tarballs/luca/direct/abc").status_code == 404
    assert alice.post("/tarballs/luca/direct/..").status_code in (400, 404)
