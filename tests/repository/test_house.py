"""Figures of the house that grow by themselves: files in a folder, lines in files and functions, words.

Whoever meets one of these limits splits by noun; ARCHITECTURE.md has the rooms.
"""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import LONGEST
from tests.conftest import ROOMS as SHARING

REPOSITORY = Path(__file__).parents[2]
MOST_FILES = 20  #: in a folder; about 20 can be taken in at a glance
MOST_LINES = 300  #: of a module; the aim is 150
MOST_OF_A_FUNCTION = 40  #: lines of its body, without the docstring; the aim is 20
LONG_FUNCTIONS = {  #: and why they read best in one piece
    "mlaas4hep/core/runs/run.py:_changed": "a table: what each event changes",
    "tests/adapters/confinement/attacks.py:attacks": "a table: what each attack tries",
    "tests/browser/test_journey.py:test_from_a_link_to_a_score_and_away_again": "one person's way",
}
ROOMS = ("mlaas4hep", "functions", "bench", "chaos", "deploy", "tests")
SINGLE_PARTICIPLES = {  #: and what they are
    "Deleted": "an answer of the API: its name is in openapi.yaml",
    "Jagged": "physicists' word for rows of different lengths",
    "Started": "an answer of the API",
}
RIDDLES = {"asked", "made", "every", "naming", "wanted"}  #: what, and for whom?
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


def test_no_file_is_longer_than_one_can_keep_in_mind():
    lines = {names(path): path.read_text().count("\n") for path in modules(*ROOMS)}

    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_a_functions_name_says_what_it_gives_or_does():
    found = {
        f"{names(path)}:{node.name}"
        for path in modules("mlaas4hep")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.strip("_") in RIDDLES
    }

    assert found == set()


def test_the_page_about_the_rooms_names_every_room():
    page = (REPOSITORY / "ARCHITECTURE.md").read_text()
    package = REPOSITORY / "mlaas4hep"
    rooms = {
        folder.name
        for above in (package, package / "core", package / "adapters")
        for folder in above.iterdir()
        if folder.is_dir() and not folder.name.startswith("__")
    }

    assert {room for room in rooms if f"{room}/" not in page} == set()


def test_a_function_has_one_thought():
    lines = {
        f"{names(path)}:{node.name}": body_lines(node)
        for path in modules(*ROOMS)
        for node in statements(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    long = {name: count for name, count in lines.items() if count > MOST_OF_A_FUNCTION}
    assert long.keys() == LONG_FUNCTIONS.keys(), long


def statements(node):
    """Yield all statements of a tree; a million parts of expressions are not looked at."""
    for field in ("body", "handlers", "orelse", "finalbody", "cases"):
        for each in getattr(node, field, ()):
            yield each
            yield from statements(each)


def body_lines(function):
    """Return the lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@cache
def tree_of(path):
    return ast.parse(path.read_text())


def test_a_constant_has_one_value():
    twice = {
        names(path): again
        for path in modules(*ROOMS)
        if (again := [name for name, count in assigned(tree_of(path)).items() if count > 1])
    }

    assert twice == {}


def assigned(tree):
    """Count how often each constant of a module is assigned at its top."""
    targets = [
        target
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return Counter(each.id for each in targets if isinstance(each, ast.Name) and each.id.isupper())


def test_every_module_is_called_after_what_it_is_about():
    assert [names(path) for path in modules("mlaas4hep") if path.stem in NOBODYS] == []


def classes():
    """Yield the names of the package's classes, those of events apart."""
    for path in modules("mlaas4hep"):
        for node in statements(tree_of(path)):
            if isinstance(node, ast.ClassDef) and "events" not in path.parts:
                yield node.name


def test_no_class_is_a_manager():
    managers = ("Manager", "Helper", "Util", "Utils")

    assert [name for name in classes() if name.endswith(managers)] == []


def test_classes_are_nouns():
    participles = {name for name in classes() if re.fullmatch(r"_?[A-Z][a-z]*[^e]ed", name)}

    assert participles == SINGLE_PARTICIPLES.keys()


def test_what_begins_first_is_there():
    named = [*LONGEST, *(name for room in SHARING for name in room)]

    assert [name for name in named if not (REPOSITORY / name).exists()] == []


def test_files_that_docstrings_and_comments_name_are_there():
    files = [f"/{names(path)}" for path in modules(*ROOMS)]
    named = [
        (names(path), file)
        for path in modules("mlaas4hep")
        for file in re.findall(r"`((?:[a-z0-9_]+/)+[a-z0-9_]+\.py)`", path.read_text())
    ]

    assert named
    assert [pair for pair in named if not any(file.endswith(f"/{pair[1]}") for file in files)] == []
