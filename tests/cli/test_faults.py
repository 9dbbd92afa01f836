"""Errors that nobody foresaw: told in two lines, and raised for who asks for the traceback."""

import pytest

from mlaas4hep.admin import app as admin
from mlaas4hep.cli import app as commands
from mlaas4hep.errors import TRACEBACK


class UnforeseenError(Exception):
    """What no command knows."""


@pytest.fixture
def broken(monkeypatch):
    """Break all commands."""

    def fails(**_):
        raise UnforeseenError("the second\nof two lines")

    for each in (commands, admin):
        monkeypatch.setattr(each, "app", fails)


@pytest.mark.usefixtures("broken")
def test_a_fault_is_told_as_ours_without_its_traceback(cli, capsys, tmp_path):
    answer = cli("init", tmp_path / "a.root")

    assert answer.code == 1
    assert answer.err.startswith("error: UnforeseenError: the second\n")
    assert "this is a fault of mlaas4hep, not yours; MLAAS4HEP_TRACEBACK=1" in answer.err
    assert "Traceback" not in answer.err + answer.out
    with pytest.raises(SystemExit, match="mlaas4hep-admin: UnforeseenError: the second\n  this is"):
        admin.main([])


@pytest.mark.usefixtures("broken")
def test_who_asks_for_it_gets_the_traceback(cli, monkeypatch, tmp_path):
    monkeypatch.setenv(TRACEBACK, "1")

    with pytest.raises(UnforeseenError):
        cli("init", tmp_path / "a.root")
    with pytest.raises(UnforeseenError):
        admin.main([])
