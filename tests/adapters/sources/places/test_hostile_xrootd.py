"""XRootD servers that mean harm: they end a process of their own, and nothing else."""

import os
import resource
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from mlaas4hep.adapters.confinement.offered import offered
from mlaas4hep.adapters.networks import Networks
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.xrootd.connection import Allowance
from mlaas4hep.adapters.sources.places.xrootd.place import XRootDPlaces
from mlaas4hep.errors import ForbiddenError, InvalidRequestError, ServiceUnavailableError
from tests.adapters.sources.places import xrootdserver as server

pytest.importorskip("XRootD", reason="the client is an extra: pip install mlaas4hep[xrootd]")

SMALL = Allowance(memory_bytes=256 * 1024**2, answer_s=1, silence_s=2)
GROWTH_KB = 64 * 1024
SPANS = [(0, 10), (100, 200), (200, 250), (900, 1000)]
FLOODS = (
    server.endless_message,
    server.endless_error,
    server.endless_parts,
    server.too_many_bytes,
    server.garbage,
)
OTHERS = (
    server.endless_attention,
    server.wait_for_ever,
    server.wait_for_an_answer,
    server.redirect_in_circles,
    server.nonsense,
    server.silence,
)


def _places(allowance=SMALL, **policy):
    return XRootDPlaces(ServerPolicy(**policy), allowance)


def _read(places, url):
    with ExitStack() as stack:
        content = places.locate(url).open(stack)
        return [bytes(answer()) for answer in content.ask(SPANS)]


def _resident_kb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_server_that_means_well_is_read():
    with server.hostile({}) as prefix:
        places = _places()

        assert _read(places, f"{prefix}//a.root") == [bytes(high - low) for low, high in SPANS]
        assert places.find(f"{prefix}//d/*.root") == [f"{prefix}//d/a.root", f"{prefix}//d/b.root"]


@pytest.mark.parametrize("act", FLOODS)
@pytest.mark.parametrize("kind", [server.LOGIN, server.STAT, server.OPEN, server.VECTOR])
def test_a_flood_fills_no_memory_of_the_process_that_reads(kind, act):
    before = _resident_kb()

    with server.hostile({kind: act}) as prefix, pytest.raises(ServiceUnavailableError):
        _read(_places(), f"{prefix}//a.root")

    assert _resident_kb() - before < GROWTH_KB


@pytest.mark.parametrize("act", OTHERS)
@pytest.mark.parametrize("kind", [server.STAT, server.VECTOR])
def test_a_server_that_never_answers_is_given_up(kind, act):
    with (
        server.hostile({kind: act}) as prefix,
        pytest.raises(ServiceUnavailableError, match="does not answer") as told,
    ):
        _read(_places(), f"{prefix}//a.root")

    assert "a.root" in told.value.problem.message


@pytest.mark.parametrize("act", [*FLOODS, *OTHERS])
def test_a_folder_that_is_not_told_is_no_list(act):
    before = _resident_kb()

    with (
        server.hostile({server.FOLDER: act}) as prefix,
        pytest.raises((ServiceUnavailableError, InvalidRequestError)),
    ):
        _places().find(f"{prefix}//d/*.root")

    assert _resident_kb() - before < GROWTH_KB


def test_bytes_of_other_places_are_not_taken_for_those_that_were_asked_for():
    with (
        server.hostile({server.VECTOR: server.other_bytes}) as prefix,
        pytest.raises(ServiceUnavailableError),
    ):
        _read(_places(), f"{prefix}//a.root")


def _children():
    """Return what the kernel says of the processes in which this one has XRootD's client."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            status = (folder / "status").read_text()
            command = (folder / "cmdline").read_bytes()
            if f"PPid:\t{os.getpid()}\n" in status and b"xrootd.child" in command:
                yield status


@pytest.mark.skipif(not offered(), reason="confinement is the kernel's")
def test_the_process_that_a_server_speaks_to_is_confined():
    places = _places()
    with server.hostile({}) as prefix:
        places.locate(f"{prefix}//a.root")

        found = list(_children())

    assert found
    for status in found:
        assert "Seccomp:\t2" in status
        assert "NoNewPrivs:\t1" in status
        assert "CapEff:\t0000000000000000" in status


def test_a_file_of_another_server_goes_on_while_one_is_flooding():
    places = _places()
    with (
        server.hostile({}) as good,
        server.hostile({server.STAT: server.endless_message}) as bad,
        ExitStack() as stack,
    ):
        content = places.locate(f"{good}//a.root").open(stack)
        first = [bytes(answer()) for answer in content.ask(SPANS)]
        with pytest.raises(ServiceUnavailableError):
            places.locate(f"{bad}//a.root")

        assert [bytes(answer()) for answer in content.ask(SPANS)] == first


def test_a_file_is_opened_again_when_its_process_was_ended():
    acts = {}
    places = _places()
    with server.hostile(acts) as prefix, ExitStack() as stack:
        content = places.locate(f"{prefix}//a.root").open(stack)
        first = [bytes(answer()) for answer in content.ask(SPANS)]
        acts[server.VECTOR] = server.endless_error
        with pytest.raises(ServiceUnavailableError):
            [answer() for answer in content.ask(SPANS)]
        del acts[server.VECTOR]

        assert [bytes(answer()) for answer in content.ask(SPANS)] == first


def test_a_name_that_is_no_text_is_told():
    def names(line, stream, _body):
        line.answer(stream, server.OK, b"a.root\nb\xff.root\0")

    with (
        server.hostile({server.FOLDER: names}) as prefix,
        pytest.raises(InvalidRequestError, match="no text"),
    ):
        _places().find(f"{prefix}//d/*.root")


def test_what_a_server_says_speaks_to_no_terminal_and_is_short():
    def rude(line, stream, _body):
        text = b"\x1b[2J" + b"x" * 100_000 + b"\0"
        line.answer(stream, server.ERROR, (3005).to_bytes(4, "big") + text)

    with server.hostile({server.STAT: rude}) as prefix, pytest.raises(InvalidRequestError) as told:
        _places().locate(f"{prefix}//a.root")

    assert "\x1b" not in str(told.value)
    assert len(str(told.value)) < 2000


def test_no_bytes_are_taken_from_a_server_that_the_policy_does_not_know():
    """It is the one that a redirect leads to."""
    asked = []
    with server.hostile({server.VECTOR: lambda *given: asked.append(given)}) as inner:
        port = int(inner.rpartition(":")[2])

        def elsewhere(line, stream, _body):
            line.answer(stream, server.REDIRECT, port.to_bytes(4, "big") + b"localhost")

        def resolve(host, _port):
            return ["10.0.0.1" if host == "localhost" else "1.1.1.1"]

        with server.hostile({server.OPEN: elsewhere}) as outer:
            places = _places(resolve=resolve, networks=Networks.of(""))
            with pytest.raises(ForbiddenError, match="internal network"):
                _read(places, f"{outer}//a.root")
    assert not asked
