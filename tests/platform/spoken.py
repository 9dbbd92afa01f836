"""What no log may hold: every password, key and token of a testbed."""

import re
from collections.abc import Iterator
from pathlib import Path

#: A whole token, with its signature; the heads of all tokens are alike and open no door.
TOKEN = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}")
_OPEN = {"dispatcher-public-key", "tls.crt"}
_LONG = re.compile(r"[\w+/=-]{20,}")  #: a password, a line of a key; shorter ones are names


def secrets_in(folder: Path) -> set[str]:
    """Return the secrets that lie in the files of a folder."""
    return {
        found
        for path in folder.iterdir()
        if path.is_file() and path.name not in _OPEN
        for found in _secrets(path.read_text(encoding="utf-8"))
    }


def _secrets(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.startswith("-----"):
            yield from _LONG.findall(line)


def leaks(name: str, text: str, secrets: set[str]) -> list[str]:
    """Return where a log holds a secret or a token, without saying it again."""
    return [
        f"{name}, line {number}: {what}"
        for number, line in enumerate(text.splitlines(), 1)
        for what in _told(line, secrets)
    ]


def _told(line: str, secrets: set[str]) -> Iterator[str]:
    if TOKEN.search(line):
        yield "a token"
    if any(secret in line for secret in secrets):
        yield "a secret"
