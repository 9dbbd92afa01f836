"""Texts of others at a terminal: descriptions of shared models, titles of everybody's runs."""

import os
from contextlib import redirect_stderr, redirect_stdout, suppress

import pytest

from mlaas4hep.cli.terminal.screen import show, show_table, stage_bars, tell_problem
from mlaas4hep.core.runs.answers import Waiting
from mlaas4hep.errors import Problem

EVIL = "a[/b][link=x]y\x1b]0;owned\x07\x9b2J\u202e"
HARMLESS = r"a[/b][link=x]y\x1b]0;owned\x07\x9b2J\u202e"


@pytest.fixture(params=[os.openpty, os.pipe], ids=["terminal", "pipe"])
def shown_by(request, monkeypatch):
    """Return a function that returns all that is shown during a call."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")

    def shown(call):
        reading, writing = request.param()
        with os.fdopen(reading, "rb", buffering=0) as other_end:
            with (
                os.fdopen(writing, "w", encoding="utf-8") as file,
                redirect_stdout(file),
                redirect_stderr(file),
            ):
                call()
            return b"".join(parts(other_end)).decode()

    return shown


def parts(other_end):
    with suppress(OSError):  # how a terminal ends
        while part := other_end.read(4096):
            yield part


def test_a_text_of_a_stranger_is_shown_and_not_obeyed(shown_by):
    def everywhere():
        show_table(["name", "about"], [["luca_1", EVIL], ["luca_2", "two\nlines\tof text"]])
        show(EVIL)
        tell_problem(Problem(code="x", message=EVIL, hint=EVIL))

    shown = shown_by(everywhere)

    assert shown.count(HARMLESS) == 4
    assert "two lines of text" in shown


def test_a_file_of_a_stranger_is_named_beside_the_bars_and_not_obeyed(shown_by):
    waiting = Waiting(file=EVIL, attempt=1, attempts=3, next_at="", reason="", text=EVIL)

    def beside_the_bars():
        with stage_bars() as draw:
            draw([], {}, [waiting])

    assert HARMLESS in shown_by(beside_the_bars)
