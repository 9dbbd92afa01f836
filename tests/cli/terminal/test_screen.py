"""Texts of others at a terminal: descriptions of shared models, titles of everybody's runs."""

import sys

import pytest

from mlaas4hep.cli.terminal.screen import show, show_table, stage_bars, tell_problem
from mlaas4hep.core.runs.answers import Waiting
from mlaas4hep.errors import Problem

EVIL = "a[/b][link=x]y\x1b]0;owned\x07\x9b2J\u202e"
HARMLESS = r"a[/b][link=x]y\x1b]0;owned\x07\x9b2J\u202e"


@pytest.fixture(params=["terminal", "pipe"])
def screen(request, monkeypatch, capsys):
    """Give what returns all that was shown."""
    monkeypatch.setenv("COLUMNS", "200")
    for file in (sys.stdout, sys.stderr):
        monkeypatch.setattr(file, "isatty", lambda: request.param == "terminal")
    return lambda: "".join(capsys.readouterr())


def test_a_text_of_a_stranger_is_shown_and_not_obeyed(screen):
    show_table(["name", "about"], [["luca_1", EVIL], ["luca_2", "two\nlines\tof text"]])
    show(EVIL)
    tell_problem(Problem(code="x", message=EVIL, hint=EVIL))

    shown = screen()

    assert shown.count(HARMLESS) == 4
    assert "two lines of text" in shown


def test_a_file_of_a_stranger_is_named_beside_the_bars_and_not_obeyed(screen):
    waiting = Waiting(file=EVIL, attempt=1, attempts=3, next_at="", reason="", text=EVIL)
    with stage_bars() as draw:
        draw([], {}, [waiting])

    assert HARMLESS in screen()
