"""Errors that nobody foresaw: told in two lines, and raised for who asks for the traceback."""

import pytest
import typer

from mlaas4hep.admin import app as admin
from mlaas4hep.cli import app as commands
from mlaas4hep.errors import TRACEBACK

BROKEN = typer.Typer(pretty_exceptions_enable=False)


class UnforeseenError(Exception):
    """What no command knows."""


@BROKEN.command()
def fail() -> None:
    """Fail as no command should."""
    raise UnforeseenError("the second\nof two lines")


def test_a_fault_is_told_as_ours_without_its_traceback(capsys):
    with pytest.raises(SystemExit) as ended:
        commands.main([], BROKEN)
    out, err = capsys.readouterr()

    assert ended.value.code == 1
    assert err.startswith("error: UnforeseenError: the second\n")
    assert "this is a fault of mlaas4hep, not yours; MLAAS4HEP_TRACEBACK=1" in err
    assert "Traceback" not in err + out
    with pytest.raises(SystemExit, match="mlaas4hep-admin: UnforeseenError: the second\n  this is"):
        admin.main([], BROKEN)


@pytest.mark.parametrize("main", [commands.main, admin.main])
def test_who_asks_for_it_gets_the_traceback(main, monkeypatch):
    monkeypatch.setenv(TRACEBACK, "1")

    with pytest.raises(UnforeseenError):
        main([], BROKEN)
