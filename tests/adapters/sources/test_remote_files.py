"""Files on servers: the same entries as from the disk, in few round trips, and clear errors."""

import functools
import itertools
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import (
    InvalidRequestError,
    OverdueError,
    ServiceUnavailableError,
    StoppingError,
)
from mlaas4hep.laptop.ports import free_ports
from mlaas4hep.ports import Stopping
from tests import oracle
from tests.dataservers import RangeHandler, web_server, xrootd_server

NAMES = ["x", "J"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("served")
    rng = np.random.default_rng(1)
    import awkward as ak  # noqa: PLC0415

    jagged = ak.unflatten(rng.normal(size=6000).astype(np.float32), [2] * 3000)
    oracle.write_tree(path / "a.root", "t", {"x": rng.normal(size=3000), "J": jagged}, basket=100)
    (path / "in").mkdir()
    (path / "not.root").write_bytes(b"nothing of the kind" * 100)
    whole = (path / "a.root").read_bytes()
    (path / "short.root").write_bytes(whole[: len(whole) // 2])
    return path


@pytest.fixture(scope="module")
def xrootd(folder):
    with xrootd_server(folder) as prefix:
        yield prefix


@pytest.fixture(scope="module")
def web(folder):
    with web_server(functools.partial(RangeHandler, directory=str(folder))) as prefix:
        yield prefix


@pytest.fixture(params=["xrootd", "web"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _entries(source, url):
    blocks = source.read(source.survey(url, "t", NAMES), NAMES, 150, 2950)
    return [entry for block in blocks for entry in oracle.entries_of(block)]


def test_entries_are_those_of_the_disk(server, folder, source):
    assert _entries(source, f"{server}/a.root") == _entries(source, str(folder / "a.root"))


def test_the_content_is_known_again_wherever_it_lies(server, folder, source):
    there = source.describe(f"{server}/a.root", "t")
    here = source.describe(str(folder / "a.root"), "t")

    assert (there.uuid, there.size_bytes) == (here.uuid, here.size_bytes)
    assert there.branches == here.branches


def test_a_file_that_is_not_on_the_server_is_named(server, source):
    with pytest.raises(InvalidRequestError, match=r"none\.root.*no such file"):
        source.describe(f"{server}/none.root", "t")


@pytest.mark.parametrize(("name", "hint"), [("in", r"\*\.root"), ("in/?.root", "write \\*")])
def test_a_folder_is_no_file_that_may_come_back(xrootd, source, name, hint):
    """A name with ? is one, too: what stands behind is for the server."""
    with pytest.raises(InvalidRequestError, match="is a folder") as told:
        source.describe(f"{xrootd}/{name}", "t")
    assert re.search(hint, told.value.problem.hint)


@pytest.mark.parametrize("name", ["not.root", "short.root"])
def test_what_is_no_whole_root_file_is_refused(server, source, name):
    with pytest.raises(InvalidRequestError, match=name):
        source.describe(f"{server}/{name}", "t")


def _read_for_ever(source, url):
    while True:
        _entries(source, url)


@contextmanager
def falling_silent(folder, after):
    """Serve, but say nothing any more after so many answers; give the prefix, and what happens."""
    asked, released, count = threading.Event(), threading.Event(), itertools.count()

    class Silent(RangeHandler):
        def do_GET(self):  # noqa: N802 - the name that http.server wants
            if next(count) >= after:
                asked.set()
                released.wait(60)
            super().do_GET()

    with web_server(functools.partial(Silent, directory=str(folder))) as prefix:
        try:
            yield prefix, asked, released
        finally:
            released.set()


@pytest.mark.parametrize("answers", range(5))
def test_a_process_that_is_told_to_end_waits_for_no_silent_server(folder, answers):
    """Whatever it asks for: the file, its ends, its survey, or its entries."""
    stopping = Stopping()
    source = DataFiles(MemoryStore(lambda: 0.0), stopping=stopping)
    with falling_silent(folder, answers) as (prefix, asked, released):
        told = threading.Thread(target=lambda: asked.wait(60) and stopping.ask())
        told.start()
        with pytest.raises(StoppingError):
            _read_for_ever(source, f"{prefix}/a.root")
        assert not released.is_set()
        told.join()


def test_a_step_whose_time_is_over_waits_for_no_silent_server(folder):
    source = DataFiles(MemoryStore(lambda: 0.0))
    with falling_silent(folder, 0) as (prefix, _asked, released):
        with pytest.raises(OverdueError, match="within 0 s"):
            source.under(Stopping().within(0, time.monotonic)).describe(f"{prefix}/a.root", "t")
        assert not released.is_set()


@pytest.mark.parametrize("scheme", ["root", "http"])
def test_a_server_that_does_not_answer_is_asked_again_later(source, scheme):
    if scheme == "root":
        pytest.importorskip("XRootD", reason="the client is an extra")

    with pytest.raises(ServiceUnavailableError, match="does not answer"):
        source.describe(f"{scheme}://127.0.0.1:{free_ports(1)[0]}//a.root", "t")


def test_what_is_expected_comes_before_it_is_read(folder, source):
    asked, came = [], threading.Condition()

    class Noting(RangeHandler):
        def do_GET(self):  # noqa: N802 - the name that http.server wants
            if not self.headers["Range"].startswith(("bytes=0-", "bytes=-")):  # not its ends
                with came:
                    asked.append(self.headers["Range"])
                    came.notify_all()
            super().do_GET()

    with web_server(functools.partial(Noting, directory=str(folder))) as prefix:
        survey = source.survey(f"{prefix}/a.root", "t", NAMES)
        about_the_file = len(asked)
        source.expect(survey, NAMES, 0, 3000)
        with came:
            assert came.wait_for(lambda: len(asked) == about_the_file + 2, 60)
        expected = set(asked)
        blocks = list(source.read(survey, NAMES, 0, 3000))

    here = source.read(source.survey(str(folder / "a.root"), "t", NAMES), NAMES, 0, 3000)
    assert [each for block in blocks for each in oracle.entries_of(block)] == [
        each for block in here for each in oracle.entries_of(block)
    ]
    assert sorted(asked) == sorted(expected)


def test_nothing_fails_for_what_is_expected(folder, source):
    here = source.survey(str(folder / "a.root"), "t", NAMES)
    gone = replace(here, url=f"http://127.0.0.1:{free_ports(1)[0]}/a.root")

    source.expect(here, NAMES, 0, 3000)
    source.expect(gone, NAMES, 0, 3000)
    source._ahead.shutdown(wait=True)
