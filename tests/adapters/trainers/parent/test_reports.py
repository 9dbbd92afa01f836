"""model.py runs in the process that reports, so reports are believed only if they make sense."""

import os
from dataclasses import replace

import pytest

from mlaas4hep.adapters.trainers.channel import Packet
from mlaas4hep.adapters.trainers.parent.reports import Reports
from mlaas4hep.core import wire
from mlaas4hep.core.models.bundle.conversion import Conversion, NotMade
from mlaas4hep.core.models.training import (
    ChunkWanted,
    EntryOfChunk,
    ModelBuilt,
    ModelSummary,
    RoundEnded,
    TrainingFailed,
    TrainingFinished,
    TrainingJob,
)
from mlaas4hep.core.requests.request import Params
from mlaas4hep.errors import PermanentError, UnfitEntryError

JOB = TrainingJob(name="luca_1", params=Params(epochs=2), columns=3, chunks=2)
SUMMARY = ModelSummary(
    parameters=4, layers=(), input_width=3, output_shape=(1,), loss="mse", task="regression"
)
BUILT = ModelBuilt(summary=SUMMARY, isolation=("seccomp",), rounds=4, resumed=1)


def packet(report):
    return Packet(kind=type(report).__name__, body=wire.dump(report))


@pytest.fixture
def reports():
    return Reports(JOB)


def test_a_report_arrives_as_it_was_sent(reports):
    assert reports.of(packet(BUILT)) == BUILT
    assert reports.of(packet(ChunkWanted(index=1))) == ChunkWanted(index=1)
    ended = RoundEnded(round=1, metrics=(("loss", 0.5), ("val_loss", float("inf"))))
    assert reports.of(packet(ended)) == ended


def test_a_failure_is_raised_with_its_hint(reports):
    failed = packet(TrainingFailed(message="model.py, line 3: no", hint="mend it", branch="w"))

    with pytest.raises(PermanentError, match=r"^model\.py, line 3: no$") as caught:
        reports.of(failed)

    problem = caught.value.problem
    assert (problem.stage, problem.file, problem.hint) == ("train", "model.py", "mend it")
    assert problem.branch == "w"


def test_the_entry_whose_label_is_why_comes_along_if_its_chunk_can_be(reports):
    for chunk, kind in ((1, UnfitEntryError), (2, PermanentError), (-1, PermanentError)):
        entry = EntryOfChunk(chunk=chunk, draw=7)

        with pytest.raises(PermanentError, match="no such label") as caught:
            reports.of(packet(TrainingFailed(message="no such label", entry=entry)))

        assert type(caught.value) is kind
        assert getattr(caught.value, "draw", 7) == 7


@pytest.mark.parametrize(
    "told",
    [
        Packet(kind="RoundEnded", body=b"not JSON"),
        Packet(kind="Anything", body=b"{}"),
        Packet(kind="FileMade", body=b"checkpoint"),
        packet(ChunkWanted(index=2)),
        packet(ChunkWanted(index=-1)),
        packet(RoundEnded(round=10**12, metrics=())),
        packet(TrainingFinished(task="binary", metrics=(), versions=())),
        packet(ModelBuilt(summary=SUMMARY, isolation=(), rounds=4, resumed=99)),
    ],
    ids=lambda told: f"{told.kind} {told.body[:40]!r}",
)
def test_nonsense_ends_the_training(reports, told):
    with pytest.raises(PermanentError, match="makes no sense"):
        reports.of(told)


def test_rounds_come_once_and_in_order(reports):
    reports.of(packet(BUILT))
    reports.of(packet(RoundEnded(round=1, metrics=())))

    with pytest.raises(PermanentError, match="makes no sense"):
        reports.of(packet(RoundEnded(round=1, metrics=())))


def test_only_a_few_chunks_can_be_wanted_at_once(reports):
    for _ in range(8):
        reports.of(packet(ChunkWanted(index=0)))

    with pytest.raises(PermanentError, match="makes no sense"):
        reports.of(packet(ChunkWanted(index=0)))


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "bundle", "bundle/../x", "bundle/.x", "other/x", "bundle//x"]
)
def test_a_file_gets_no_name_that_leaves_its_place(reports, name, tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)

    with pytest.raises(PermanentError, match="makes no sense"):
        reports.of(Packet(kind="FileMade", body=name.encode(), descriptor=descriptor))

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR | os.O_APPEND, os.O_DIRECT])
def test_a_file_is_read_from_its_start_however_it_was_opened(reports, tmp_path, flags):
    (tmp_path / "x").write_bytes(b"content")
    descriptor = os.open(tmp_path / "x", flags)
    if flags == os.O_WRONLY:
        os.lseek(descriptor, 3, os.SEEK_SET)

    made = reports.of(Packet(kind="FileMade", body=b"bundle/x", descriptor=descriptor))

    with made.file as file:
        assert file.read() == b"content"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_file_that_was_not_opened_but_only_named_is_not_read(reports, tmp_path):
    (tmp_path / "x").write_bytes(b"kept from the other side, for which Landlock lets names through")
    descriptor = os.open(tmp_path / "x", os.O_PATH)

    with pytest.raises(PermanentError, match="makes no sense"):
        reports.of(Packet(kind="FileMade", body=b"bundle/x", descriptor=descriptor))

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_pipe_is_no_file(reports):
    reading, writing = os.pipe()
    os.close(writing)

    with pytest.raises(PermanentError, match="makes no sense"):
        reports.of(Packet(kind="FileMade", body=b"checkpoint", descriptor=reading))


def test_no_more_chunks_are_read_than_the_training_can_need(reports):
    reports.of(packet(BUILT))
    most = (2 * BUILT.rounds + 64) * JOB.chunks + 8
    for _ in range(most):
        reports.of(packet(ChunkWanted(index=0)))
        reports.given()

    with pytest.raises(PermanentError, match="makes no sense"):
        reports.of(packet(ChunkWanted(index=0)))


def test_no_more_checkpoints_are_stored_than_rounds_end(reports, tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    reports.of(packet(BUILT))

    def checkpoint():
        descriptor = os.open(tmp_path / "file", os.O_RDONLY)
        reports.of(Packet(kind="FileMade", body=b"checkpoint", descriptor=descriptor)).file.close()

    for _ in range(BUILT.resumed + 2):
        checkpoint()
    with pytest.raises(PermanentError, match="makes no sense"):
        checkpoint()


FINISHED = TrainingFinished(task="binary", metrics=(("auc", 0.5),), versions=(("keras", "3"),))
CLEAR = "\x1b[2J"


def test_figures_without_end_end_the_training():
    reports = Reports(JOB)
    reports.of(packet(replace(BUILT, rounds=10_000_000, resumed=0)))
    figures = tuple((f"m{number}", 0.5) for number in range(1999))

    for number in range(250):
        reports.of(packet(RoundEnded(round=number, metrics=figures)))
    with pytest.raises(PermanentError, match="more than 500000 figures") as caught:
        reports.of(packet(RoundEnded(round=250, metrics=figures)))

    assert caught.value.problem.hint


@pytest.mark.parametrize(
    "forged",
    [
        {"metrics": ((CLEAR, 1.0),)},
        {"versions": (("keras", CLEAR),)},
        {"outputs": ((CLEAR, 1),)},
        {"input_node": CLEAR},
        {"output_node": "x" * 60_000},
        {"warnings": (CLEAR,)},
        {"not_made": (NotMade(file="model.onnx", reason=CLEAR),)},
        {"conversions": (Conversion(file=CLEAR, difference=0.0, tolerance=1.0),)},
    ],
    ids=lambda forged: next(iter(forged)),
)
def test_a_forged_end_that_speaks_to_terminals_makes_no_sense(reports, forged):
    reports.of(packet(BUILT))
    reports.of(packet(RoundEnded(round=1, metrics=())))

    with pytest.raises(PermanentError, match="makes no sense"):
        reports.of(packet(replace(FINISHED, **forged)))
    assert reports.of(packet(FINISHED)) == FINISHED


def test_warnings_of_a_model_that_speak_to_terminals_make_no_sense(reports):
    with pytest.raises(PermanentError, match="makes no sense"):
        reports.of(packet(replace(BUILT, summary=replace(SUMMARY, warnings=(CLEAR,)))))


def test_names_that_a_terminal_would_obey_make_no_sense(reports):
    reports.of(packet(BUILT))

    with pytest.raises(PermanentError, match="makes no sense"):
        reports.of(packet(RoundEnded(round=1, metrics=(("\x1b[2J", 1.0),))))
