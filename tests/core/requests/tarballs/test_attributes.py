"""Attributes and maps in tarballs that cost seconds for each kilobyte, where nobody looks first."""

import io
import tarfile

import pytest

from mlaas4hep.core.requests.tarballs import attributes, tarball
from mlaas4hep.errors import InvalidRequestError, TooLargeError

END = bytes(2 * tarfile.BLOCKSIZE)


def header(kind, content=b"", name="luca/a"):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    return info.tobuf() + content + bytes(-len(content) % tarfile.BLOCKSIZE)


def record(key, value):
    rest = b" %s=%s\n" % (key, value)
    length = len(rest)
    while len(b"%d" % length) + len(rest) != length:
        length = len(b"%d" % length) + len(rest)
    return b"%d" % length + rest


def paths(archive):
    return [member.path for member in tarball.members(io.BytesIO(archive), 10**9)]


def with_attributes(content):
    return header(tarfile.XHDTYPE, content) + header(tarfile.REGTYPE, b"x") + END


SPARSE = record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0")
HARMFUL = {
    "a megabyte of digits": b"9" * 1_000_000 + b" path=x\n",
    "a megabyte of digits in a value": record(b"comment", b"9" * 1_000_000),
    "a million short records": b"2 " * 700_000 + b"=",
    "records of no length": b"0 a=b\n",
    "records of less than none": b"-5 a=b\n",
    "a record beyond the end": b"900 a=b\n",
    "a record that ends nowhere": b"5 a=bcdefg\n",
    "a record without a key": b"6 abc\n",
    "thousands of records": record(b"a", b"b") * 100_000,
    "a map of holes behind the header": SPARSE + record(b"GNU.sparse.realsize", b"5"),
    "a map of holes in the header": record(b"GNU.sparse.map", b"0,1," * 100_000 + b"0,1"),
    "holes one by one": record(b"GNU.sparse.offset", b"0") + record(b"GNU.sparse.size", b"1"),
}


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE])
@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL)
def test_attributes_are_refused_before_they_are_searched(content, kind):
    with pytest.raises(InvalidRequestError):
        paths(header(kind, content) + header(tarfile.REGTYPE, b"x") + END)


def test_a_chain_of_maps_is_refused_at_its_first_header():
    with pytest.raises(InvalidRequestError, match="is a sparse file"):
        paths(header(tarfile.GNUTYPE_SPARSE) + b"0" * 60_000 * tarfile.BLOCKSIZE)


def test_attributes_of_all_members_are_few():
    of_all = header(tarfile.XGLTYPE, record(b"comment", b"git"))
    member = header(tarfile.REGTYPE, b"x")

    assert paths(of_all * 4 + member + END) == ["luca/a"]
    with pytest.raises(TooLargeError, match="for all"):
        paths((of_all + header(tarfile.DIRTYPE)) * 5 + member + END)


def test_the_attributes_that_archivers_write_are_read():
    content = b"".join(
        (
            record(b"path", "luca/é.root".encode()),
            record(b"mtime", b"1700000000.123456789"),
            record(b"SCHILY.xattr.user.mime", b"\x00\xff=\n1 "),
            record(b"comment", b"9" * attributes.MOST_DIGITS),
            *(record(b"k%d" % number, b"") for number in range(attributes.MOST_RECORDS - 4)),
        )
    )

    assert paths(with_attributes(content)) == ["luca/é.root"]
