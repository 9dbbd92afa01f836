import logging
from datetime import UTC, datetime, timedelta

import pytest

from mlaas4hep.laptop.logs import FunctionLog, Line, collected, without_tokens


def texts(lines):
    return [line.text for line in lines]


def test_lines_come_back_oldest_first_with_time_and_instance(tmp_path):
    log = FunctionLog(tmp_path / "specs.log")
    log.write("specs-1", "first")
    log.write("specs-2", "second: with spaces ")

    first, second = log.lines()
    assert texts([first, second]) == ["first", "second: with spaces "]
    assert (first.instance, second.instance) == ("specs-1", "specs-2")
    assert datetime.now(UTC) - first.at < timedelta(minutes=1)


def test_a_log_nobody_wrote_to_is_empty(tmp_path):
    assert FunctionLog(tmp_path / "train.log").lines() == []


def test_the_last_lines_can_be_asked_for(tmp_path):
    log = FunctionLog(tmp_path / "specs.log")
    for number in range(5):
        log.write("specs-1", str(number))

    assert texts(log.lines(tail=2)) == ["3", "4"]
    assert texts(log.lines(tail=0)) == []
    assert texts(log.lines(tail=9)) == ["0", "1", "2", "3", "4"]


def test_a_log_outlives_the_process_that_wrote_it(tmp_path):
    FunctionLog(tmp_path / "specs.log").write("specs-1", "before")

    assert texts(FunctionLog(tmp_path / "specs.log").lines()) == ["before"]


def test_a_log_keeps_its_newest_lines_and_does_not_grow_for_ever(tmp_path):
    log = FunctionLog(tmp_path / "specs.log", limit_bytes=1000)
    for number in range(500):
        log.write("specs-1", f"line {number}")

    kept = texts(log.lines())
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2200
    assert kept[-1] == "line 499"
    assert len(kept) > 10


def test_a_line_that_a_crash_cut_off_is_skipped(tmp_path):
    path = tmp_path / "specs.log"
    path.write_text("2026-11-2")

    assert FunctionLog(path).lines() == []
    assert Line.parse("") is None


def test_what_this_process_logs_can_be_collected(tmp_path):
    log = FunctionLog(tmp_path / "gateway.log")
    with collected(log, "INFO"):
        logging.getLogger("some.module").info("two\nlines")
        logging.getLogger("some.module").debug("too fine")
    logging.getLogger("some.module").warning("after")

    assert texts(log.lines()) == ["INFO some.module two", "  lines"]


@pytest.mark.parametrize(
    "text",
    [
        "GET /me Authorization: Bearer SECRET",
        "headers: {'authorization': 'Bearer SECRET'}",
        "(b'authorization', b'Basic SECRET')",
        "Authorization=SECRET",
        "got bearer SECRET-and-a-long-one",
        "a token eyJhbGciOiJ.eyJSECRET.SECRET in the middle",
        "a head eyJhbGciOiJ.eyJSECRET.",
    ],
)
def test_what_opens_a_door_is_in_no_log(tmp_path, text):
    log = FunctionLog(tmp_path / "workflow.log")

    log.write("workflow-1", text)

    (line,) = log.lines()
    assert "***" in line.text
    assert "SECRET" not in (tmp_path / "workflow.log").read_text()


@pytest.mark.parametrize(
    "text", ["no bearer token was given", "basic checks passed", "eyJ is not one"]
)
def test_ordinary_words_stay_in_the_log(text):
    assert without_tokens(text) == text
