"""What shells complete of `mlaas4hep`."""

import pytest

ASKED = {
    "bash": ("COMP_WORDS", {"COMP_CWORD": "{place}"}),
    "zsh": ("_TYPER_COMPLETE_ARGS", {}),
    "fish": ("_TYPER_COMPLETE_ARGS", {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
}


@pytest.mark.parametrize("shell", ASKED)
@pytest.mark.parametrize(
    ("typed", "named"), [("mlaas4hep ru", "runs"), ("mlaas4hep run --o", "--out")]
)
def test_commands_and_options_are_completed(cli, monkeypatch, shell, typed, named):
    words, more = ASKED[shell]
    asked = {words: typed, **more, "_MLAAS4HEP_COMPLETE": f"complete_{shell}"}
    for name, value in asked.items():
        monkeypatch.setenv(name, value.format(place=typed.count(" ")))

    assert named in cli().out
