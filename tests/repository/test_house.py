"""Figures of the house that grow by themselves: files in a folder, lines in a file, words in names.

Whoever meets one of these limits splits by noun; ARCHITECTURE.md has the rooms.
"""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import LONGEST

REPOSITORY = Path(__file__).parents[2]
MOST_FILES = 20  #: in a folder; about 20 can be taken in at a glance
MOST_LINES = 350  #: of a module; the aim is 150, and from 300 on somebody looks again
MOST_TEST_LINES = 450
ROOMS = ("mlaas4hep", "functions", "bench", "chaos", "deploy", "tests")
NOBODYS = {"utils", "helpers", "helper", "common", "manager", "misc", "base"}


def modules(*rooms):
    """Return the Python files of rooms; what others wrote lies in `vendor`."""
    found = [path for room in rooms for path in (REPOSITORY / room).rglob("*.py")]
    assert found
    return [path for path in found if "vendor" not in path.parts]


def names(path):
    return path.relative_to(REPOSITORY).as_posix()


@pytest.mark.parametrize("room", ROOMS)
def test_no_folder_holds_more_files_than_one_can_look_through(room):
    counts = Counter(names(path.parent) for path in modules(room))

    assert {folder: count for folder, count in counts.items() if count > MOST_FILES} == {}


@pytest.mark.parametrize(
    ("rooms", "most"),
    [(ROOMS[:-1], MOST_LINES), (ROOMS[-1:], MOST_TEST_LINES)],
    ids=["code", "tests"],
)
def test_no_file_is_longer_than_one_can_keep_in_mind(rooms, most):
    lines = {names(path): path.read_text().count("\n") for path in modules(*rooms)}

    assert {name: count for name, count in lines.items() if count > most} == {}


def test_every_module_is_called_after_what_it_is_about():
    assert [names(path) for path in modules("mlaas4hep") if path.stem in NOBODYS] == []


def test_no_class_is_a_manager():
    classes = [
        node.name
        for path in modules("mlaas4hep")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    ]

    assert classes
    assert [name for name in classes if name.endswith(("Manager", "Helper", "Util", "Utils"))] == []


def test_what_begins_first_is_there():
    assert [name for name in LONGEST if not (REPOSITORY / name).exists()] == []


def test_files_that_docstrings_and_comments_name_are_there():
    files = [f"/{names(path)}" for path in modules(*ROOMS)]
    named = [
        (names(path), file)
        for path in modules("mlaas4hep")
        for file in re.findall(r"`((?:[a-z0-9_]+/)+[a-z0-9_]+\.py)`", path.read_text())
    ]

    assert named
    assert [pair for pair in named if not any(file.endswith(f"/{pair[1]}") for file in files)] == []
